"""`copy src.*`: which fields both sides have, whether each fits, and the lines it stands for."""

from collections.abc import Iterable

from dsl import syntax, types
from dsl.checking import findings
from dsl.checking.expressions import Expressions
from dsl.checking.handlers import Policy
from dsl.checking.scopes import Scope
from dsl.checking.session import did_you_mean, is_broken, listed
from dsl.checking.targets import Assigned, Coverage


def check_copy(
    check: Expressions,
    node: syntax.Copy,
    scope: Scope,
    record: types.Record,
    policy: Policy,
    assigned: Assigned,
) -> None:
    """The fields of equal name, one by one, and nothing said in vain."""
    check.session.copies[node] = ()
    source = check.infer(node.source, scope).type
    given = types.present(source)
    if is_broken(given) or is_broken(record):
        return
    if not isinstance(given, types.Record):
        findings.wrong_type(check, node.source.span, "what stands before `.*`", "a record", source)
        return
    common = [name for name in given.fields if name in record.fields]
    chosen = [name for name in common if name not in node.excepted]
    _in_vain(check, node, given, record, common, chosen)
    coverage = Coverage(check.session, check.site, check.site.subject)
    lines = [_line(check, node, name, scope, record, policy) for name in chosen]
    for name in chosen:
        coverage.set(assigned, (name,), node.span)
    check.session.copies[node] = tuple(line for line in lines if line is not None)


def _in_vain(
    check: Expressions,
    node: syntax.Copy,
    given: types.Record,
    record: types.Record,
    common: list[str],
    chosen: Iterable[str],
) -> None:
    for name in node.excepted:
        if name not in common:
            help_, _ = did_you_mean(check.site, node.span, name, common)
            help_ = help_ or [f"They share {listed(common)}."]
            _vain(check, node, f"`{name}` is no field that both {given.name} and {record.name} have", help_)
    if not chosen:
        _vain(check, node, f"{given.name} and {record.name} share no field that could be copied", [])


def _vain(check: Expressions, node: syntax.Copy, problem: str, help: list[str]) -> None:
    check.report("M213", node.span, problem=problem, help=help)


def _line(
    check: Expressions, node: syntax.Copy, name: str, scope: Scope, record: types.Record, policy: Policy
) -> syntax.Field | None:
    value = syntax.Path(node.source.span, node.source, name)
    of, spec = check.infer(value, scope).type, record.fields[name]
    optional = isinstance(of, types.Maybe)
    if not types.fits(types.present(of), types.present(spec.type)) and spec.type != types.ANYTHING:
        wanted = types.describe(types.present(spec.type))
        _problem(check, node, name, f"it has to be {wanted}, but is {types.describe(types.present(of))}")
        return None
    handler = policy.get("missing")
    if optional and spec.required and (handler is None or handler.action == "skip"):
        _problem(check, node, name, "it is required, but may be missing")
        return None
    skip = syntax.Handler(node.span, "missing", "skip")
    return syntax.Field(
        node.span, (name,), node.span, value, (skip,) if optional and not spec.required else ()
    )


def _problem(check: Expressions, node: syntax.Copy, name: str, problem: str) -> None:
    help_ = [f"Write `except {', '.join([*node.excepted, name])}` and a line for `{name}`."]
    check.report("M212", node.span, target=name, problem=problem, help=help_)
