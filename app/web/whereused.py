"""What depends on a field, a lookup, a table, with the way to each use; and versions of schemas compared."""

from typing import Any

from flask import render_template, request, url_for

from app.web.access import requires
from app.web.errors import page_blueprint
from app.web.workspace import CONSTRUCT_PAGES, Workspace, open_workspace
from dsl import compatibility, usage

blueprint = page_blueprint("whereused", __name__)
_MOST_FIELDS = 300


@blueprint.get("/rulesets/<name>/where-used")
@requires("view")
def show(name: str) -> Any:
    """The question, the answer, and for a schema how often each of its fields is used."""
    here = open_workspace(name)
    program, asked = here.trial.program, request.args.get("of", "").strip()
    known, found, problem = usage.uses(program), None, ""
    if asked:
        try:
            found = usage.as_json(program, usage.where_used(program, asked, known))
        except usage.UnknownSubject as unknown:
            problem = unknown.message
    rows = [{**use, "url": _address(here, use)} for use in found["uses"]] if found else []
    return render_template(
        "where_used.html",
        here=here,
        asked=asked,
        found=found,
        rows=rows,
        problem=problem,
        subjects=usage.subjects(program),
        fields=_fields(here, asked, known) if not problem else [],
    )


@blueprint.get("/rulesets/<name>/versions")
@requires("view")
def versions(name: str) -> Any:
    """Schemas with several versions: what each change means for the messages of another."""
    here = open_workspace(name)
    chains = compatibility.chains(here.trial.program.schemas.values())
    found = {
        schema: [
            compatibility.verdict_json(verdict) for verdict in reversed(compatibility.check_chain(chain))
        ]
        for schema, chain in chains.items()
    }
    return render_template("versions.html", here=here, found=found)


def _address(here: Workspace, use: dict[str, Any]) -> str:
    kind, item, *_ = use["subject"].split("/")
    if kind in CONSTRUCT_PAGES and any(node.name == item for _, node in here.declarations(kind)):
        return url_for(CONSTRUCT_PAGES[kind], name=here.name, item=item)
    return url_for("texts.show", name=here.name, path=use["file"])


def _fields(here: Workspace, asked: str, known: Any) -> list[dict[str, Any]]:
    """The fields below what was asked for, with the number of their uses."""
    program = here.trial.program
    below = [subject for subject in usage.subjects(program) if asked and subject.startswith(f"{asked}.")]
    return [
        {"name": subject, "uses": len(usage.where_used(program, subject, known).steps)}
        for subject in below[:_MOST_FIELDS]
    ]
