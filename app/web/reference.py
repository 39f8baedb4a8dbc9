"""The reference: functions with a form to try each, findings with what to do."""

from decimal import Decimal
from typing import Any

from flask import render_template, request
from flask_login import current_user

from app.errors import NotFound
from app.security import limits
from app.web.access import requires
from app.web.errors import page_blueprint
from dsl.codes import CODES, CodeSpec
from dsl.functions import FAMILIES, FunctionSpec, registry
from dsl.literals import quote
from dsl.reference import GROUPS, TITLES
from rules import trying

blueprint = page_blueprint("reference", __name__)

_LONGEST = 20_000


@blueprint.get("/reference/functions")
@requires("view")
def functions() -> Any:
    """All functions, or those that hold a word."""
    query = request.args.get("q", "").strip()
    families = [(TITLES[family], _family(family, query.casefold())) for family in FAMILIES]
    found = [(title, specs) for title, specs in families if specs]
    return render_template("functions.html", families=found, searched=query)


@blueprint.get("/reference/functions/<name>")
@requires("view")
def function(name: str) -> Any:
    """One function: what it does, its examples, a form to try it."""
    spec = _function(name)
    number = request.args.get("example", 0, type=int)
    return render_template(
        "function.html", spec=spec, triable=trying.triable(spec), fields=_fields(spec, number), tried=None
    )


@blueprint.post("/reference/functions/<name>")
@requires("view")
def try_function(name: str) -> Any:
    """Call it with the texts of the form, under the limits of a run."""
    spec = _function(name)
    if not trying.triable(spec):
        raise NotFound(f"{name} has no value of its own to show")
    with limits.limited(limits.TRIALS, lambda: f"person/{current_user.login}"):
        given = [trying.Input(p.name, request.form.get(p.name, ""), p.named) for p in spec.parameters]
        tried = trying.try_call(spec, given)
    fields = [{**field, "text": one.text} for field, one in zip(_fields(spec, 0), given, strict=True)]
    status = 200 if tried.ok or tried.failure else 422
    shown = written(tried.value)[:_LONGEST]
    return render_template(
        "function.html", spec=spec, triable=True, fields=fields, tried=tried, shown=shown
    ), status


@blueprint.get("/reference/diagnostics")
@requires("view")
def codes() -> Any:
    """All findings, or those that hold a word."""
    query = request.args.get("q", "").strip()
    groups = [(title, _codes(group, query.casefold())) for group, title in GROUPS.items()]
    return render_template(
        "codes.html", groups=[(title, specs) for title, specs in groups if specs], searched=query
    )


@blueprint.get("/reference/diagnostics/<code>")
@requires("view")
def code(code: str) -> Any:
    """One finding: what it means, wrong and right."""
    spec = CODES.get(code)
    if spec is None:
        raise NotFound(f"there is no finding {code}")
    doc, message = (words.replace("{{", "{").replace("}}", "}") for words in (spec.doc, spec.message))
    return render_template("code.html", spec=spec, doc=doc, message=message)


def written(value: Any) -> str:
    """A value as the language writes it, where it has a way to."""
    match value:
        case None:
            return "missing"
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case Decimal():
            return f"{value:f}" if abs(value.adjusted()) < 40 else str(value)
        case list():
            return f"[{', '.join(map(written, value))}]"
        case dict():
            inside = ", ".join(
                f"{name if name.isidentifier() else quote(name)}: {written(one)}"
                for name, one in value.items()
            )
            return f"{{ {inside} }}"
        case _:
            return str(value)


def _function(name: str) -> FunctionSpec:
    spec = trying.known(name)
    if spec is None:
        raise NotFound(f"there is no function {name}")
    return spec


def _family(family: str, query: str) -> list[FunctionSpec]:
    own = (spec for spec in registry().values() if spec.family == family)
    return sorted((s for s in own if query in f"{s.name} {s.doc}".casefold()), key=lambda spec: spec.name)


def _codes(group: str, query: str) -> list[CodeSpec]:
    own = (spec for code, spec in sorted(CODES.items()) if code.startswith(group))
    return [spec for spec in own if query in f"{spec.code} {spec.title} {spec.doc}".casefold()]


def _fields(spec: FunctionSpec, number: int) -> list[dict[str, Any]]:
    """The inputs of the form: each parameter as it is declared, with the text of an example."""
    words = dict(zip((p.name for p in spec.parameters), spec.parameter_words, strict=True))
    return [
        {"name": one.name, "text": one.text, "words": words[one.name]} for one in trying.inputs(spec, number)
    ]
