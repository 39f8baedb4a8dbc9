"""A field that goes against the others of its map: allowed, but most likely a handler was forgotten."""

from collections.abc import Iterable, Iterator

from dsl import syntax, types
from dsl.checking.session import Session, Site
from dsl.diagnostics import Edit, Fix
from dsl.program import CheckedMap
from dsl.source import Span

_AS_MANY = 3
"""How many fields with a handler of their own stand against one without."""


def check_uneven_handlers(session: Session, site: Site, checked: CheckedMap) -> None:
    """Optional fields whose missing value rejects the message, where the others of the map say it themselves."""
    policy = checked.policy.get("missing")
    if policy is None or policy.action not in ("reject", "reject row"):
        return
    handled, silent = 0, []
    for way, node in _optional(checked.node.body, checked.target.record, ()):
        if any(handler.failure == "missing" for handler in node.handlers):
            handled += 1
        elif _may_be_missing(session, node.value):
            silent.append((way, node))
    if handled >= _AS_MANY * len(silent):
        for way, node in silent:
            _report(session, site, way, node)


def _may_be_missing(session: Session, value: syntax.Expression) -> bool:
    of, failures = session.types.get(value), session.failures.get(value, frozenset())
    return isinstance(of, types.Maybe | types.Nothing) or "missing" in failures


def _report(session: Session, site: Site, way: tuple[str, ...], node: syntax.Field) -> None:
    end = Span(node.value.span.end, node.value.span.end)
    fixes = [
        Fix(f"Add `on missing {action}`", (Edit(site.file, end, f"  on missing {action}"),))
        for action in ("skip", "reject")
    ]
    target = ".".join(node.target)
    subject = f"{site.subject}/{'.'.join((*way, *node.target))}"
    session.report(
        "M230",
        site,
        node.value.span,
        target=target,
        fixes=fixes,
        subject=subject,
        help=["Add `on missing skip`, or `on missing reject` if it is meant."],
    )


def _optional(
    body: Iterable[syntax.Statement], record: types.Record, way: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], syntax.Field]]:
    """Every field statement whose target may be left out, with the way to its record."""
    for statement in body:
        match statement:
            case syntax.Field(target=target) if _leaf(record, target) == "optional":
                yield way, statement
            case syntax.If(branches=branches, otherwise=otherwise):
                for part in (*(branch.body for branch in branches), otherwise or ()):
                    yield from _optional(part, record, way)
            case syntax.Each(target=target):
                inner = _item(record, target)
                if inner is not None:
                    yield from _optional(statement.body, inner, (*way, *target))


def _leaf(record: types.Record, target: tuple[str, ...]) -> str:
    of: types.Type = record
    found = ""
    for name in target:
        spec = of.fields.get(name) if isinstance(of, types.Record) else None
        if spec is None:
            return ""
        found = "required" if spec.required else "optional"
        of = types.present(spec.type)
    return found


def _item(record: types.Record, target: tuple[str, ...]) -> types.Record | None:
    of: types.Type = record
    for name in target:
        spec = of.fields.get(name) if isinstance(of, types.Record) else None
        if spec is None:
            return None
        of = types.present(spec.type)
    return of.item if isinstance(of, types.ListOf) and isinstance(of.item, types.Record) else None
