"""What a closed block is: its lines put together to one syntax node, with what is missing or said twice reported."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from dsl import syntax
from dsl.building.parts import (
    ColumnsLine,
    EachHead,
    ElseLine,
    FlowHead,
    FlowLine,
    Head,
    IfHead,
    LookupHead,
    MapHead,
    OtherwiseLine,
    Part,
    PlaybookHead,
    RuleHead,
    RulesHead,
    TableHead,
    TestHead,
)
from dsl.findings import Findings
from dsl.source import Span


@dataclass(slots=True)
class Block:
    """A block that is still open: its head (None where that is broken) and what it holds so far."""

    kind: str
    head: Head | None
    span: Span
    column: int
    name: str = ""
    items: list[Any] = field(default_factory=list)
    columns: ColumnsLine | None = None
    comments: dict[Any, str] = field(default_factory=dict)


def closed(block: Block, report: Findings, raw: Callable[[Span], syntax.Raw]) -> Any:
    """The node of a block, or None where it lacks what makes it one."""
    head: Any = block.head
    return _CLOSERS[type(head)](block, head, report, raw)


Raw = Callable[[Span], syntax.Raw]


def _map(block: Block, head: MapHead, report: Findings, raw: Raw) -> syntax.Map:
    return syntax.Map(
        block.span, head.name, head.name_span, head.parameters, head.target, head.policy, tuple(block.items)
    )


def _each(block: Block, head: EachHead, report: Findings, raw: Raw) -> syntax.Each:
    return syntax.Each(
        block.span,
        head.variable,
        head.source,
        head.target,
        head.target_span,
        tuple(block.items),
        head.where,
        head.group_by,
        head.order_by,
    )


def _if(block: Block, head: IfHead, report: Findings, raw: Raw) -> syntax.If:
    branches: list[tuple[Span, syntax.Expression, list[Any]]] = [(head.span, head.condition, [])]
    otherwise: list[Any] | None = None
    for item in block.items:
        if not isinstance(item, ElseLine):
            (branches[-1][2] if otherwise is None else otherwise).append(item)
        elif otherwise is not None:
            report.said_twice(item.span, "the last `else`")
        elif item.condition is None:
            otherwise = []
        else:
            branches.append((item.span, item.condition, []))
    return syntax.If(
        block.span,
        tuple(syntax.Branch(span, condition, tuple(body)) for span, condition, body in branches),
        None if otherwise is None else tuple(otherwise),
    )


def _lookup(block: Block, head: LookupHead, report: Findings, raw: Raw) -> syntax.Lookup:
    rows: list[syntax.LookupRow | syntax.Raw] = []
    columns = len(head.keys), len(head.results)
    for number, item in enumerate(block.items, 1):
        if isinstance(item, syntax.LookupRow) and (len(item.keys), len(item.results)) != columns:
            found = len(item.keys) + len(item.results)
            report.width(item.span, found, sum(columns), f"lookup/{head.name}/{number}")
            item = raw(item.span)
        rows.append(item)
    return syntax.Lookup(
        block.span, head.name, head.name_span, head.keys, head.results, tuple(rows), head.two_way
    )


def _table(block: Block, head: TableHead, report: Findings, raw: Raw) -> syntax.Table | None:
    columns = block.columns
    if columns is None:
        report.part_missing(head.span, "table", "line of columns")
        return None
    rows: list[syntax.TableRow | syntax.Raw] = []
    otherwise: tuple[syntax.Expression, ...] | None = None
    for item in block.items:
        if item is columns:
            continue
        if isinstance(item, OtherwiseLine):
            if otherwise is not None:
                report.said_twice(item.span, "`otherwise`")
            otherwise = _otherwise(item, columns, report)
        else:
            rows.append(_table_row(item, block, head, report, raw))
    return syntax.Table(
        block.span,
        head.name,
        head.name_span,
        head.policy,
        head.aggregation,
        columns.inputs,
        columns.outputs,
        tuple(rows),
        otherwise,
    )


def _otherwise(
    item: OtherwiseLine, columns: ColumnsLine, report: Findings
) -> tuple[syntax.Expression, ...] | None:
    if len(item.outputs) == len(columns.outputs):
        return item.outputs
    report.width(item.span, len(item.outputs), len(columns.outputs))
    return None


def _table_row(
    item: Any, block: Block, head: TableHead, report: Findings, raw: Raw
) -> syntax.TableRow | syntax.Raw:
    columns = block.columns
    if columns is None or not isinstance(item, syntax.TableRow):
        return raw(item.span)
    if (len(item.cells), len(item.outputs)) == (len(columns.inputs), len(columns.outputs)):
        return replace(item, comment=block.comments.get(item, ""))
    found = len(item.cells) + len(item.outputs)
    expected = len(columns.inputs) + len(columns.outputs)
    report.width(item.span, found, expected, f"table/{head.name}/{item.id}")
    return raw(item.span)


def _rules(block: Block, head: RulesHead, report: Findings, raw: Raw) -> syntax.Rules:
    lets = tuple(item for item in block.items if isinstance(item, syntax.Let))
    rules = tuple(item for item in block.items if not isinstance(item, syntax.Let))
    return syntax.Rules(block.span, head.name, head.name_span, head.parameter, head.first_only, lets, rules)


def _rule(block: Block, head: RuleHead, report: Findings, raw: Raw) -> syntax.Rule | None:
    actions: list[Any] = []
    once: dict[str, Any] = {}
    for item in block.items:
        if not isinstance(item, Part):
            actions.append(item)
        elif item.word == "then":
            actions.append(item.value)
        elif item.word == "else":
            if actions and isinstance(actions[-1], syntax.Expect) and actions[-1].otherwise is None:
                actions[-1] = replace(actions[-1], span=actions[-1].span.to(item.span), otherwise=item.value)
            else:
                report.stray(item.span, "else")
        else:
            _once(once, item, report)
    if not actions:
        report.part_missing(head.span, "rule", "`then`")
        return None
    return syntax.Rule(block.span, head.name, once.get("when"), tuple(actions), once.get("because", ""))


def _once(found: dict[str, Any], part: Part, report: Findings) -> None:
    if part.word in found:
        report.said_twice(part.span, f"`{part.word}`")
    else:
        found[part.word] = part.value


def _flow(block: Block, head: FlowHead, report: Findings, raw: Raw) -> syntax.Flow | None:
    steps: list[Any] = []
    once: dict[str, Any] = {}
    for item in [head, *block.items]:
        if not isinstance(item, FlowHead | FlowLine):
            steps.append(item)
            continue
        for part in item.parts:
            if part.word == "step":
                steps.append(part.value)
                continue
            _once(once, part, report)
            if part.word == "playbook":
                once.setdefault("playbook span", part.span)
    if "receive" not in once:
        report.part_missing(head.span, "flow", "`receive`")
        return None
    endpoint, variable, schema, version = once["receive"]
    return syntax.Flow(
        block.span,
        head.name,
        head.name_span,
        endpoint,
        variable,
        schema,
        version,
        tuple(steps),
        once.get("owner", ""),
        once.get("criticality", "normal"),
        once.get("sla"),
        once.get("identify by"),
        once.get("order by"),
        once.get("keys", ()),
        once.get("playbook", ""),
        once.get("business time by"),
        once.get("playbook span"),
    )


def _playbook(block: Block, head: PlaybookHead, report: Findings, raw: Raw) -> syntax.Playbook:
    reactions: list[syntax.Reaction | syntax.Raw] = list(head.reactions)
    once: dict[str, Any] = {}
    for item in block.items:
        if not isinstance(item, Part):
            reactions.append(item)
            continue
        if item.word == "runbook":
            path, found = item.value
            _once(once, Part(item.span, "runbook", path), report)
        else:
            found = item.value
        reactions += found
    return syntax.Playbook(block.span, head.name, head.name_span, once.get("runbook", ""), tuple(reactions))


def _test(block: Block, head: TestHead, report: Findings, raw: Raw) -> syntax.Test | None:
    parts = [item for item in block.items if isinstance(item, Part)]
    subjects = [part for part in parts if part.word == "subject"]
    if not subjects:
        if len(parts) == len(block.items):
            report.part_missing(head.span, "test", "`map`, `apply`, `flow` or `table`")
        return None
    for part in subjects[1:]:
        report.said_twice(part.span, "what is tested")
    kind, name, arguments = subjects[0].value
    givens = tuple(part.value for part in parts if part.word == "given")
    expects = tuple(part.value for part in parts if part.word == "expect")
    supplies = tuple(part.value for part in parts if part.word == "supply")
    return syntax.Test(block.span, head.name, givens, kind, name, arguments, expects, supplies)


_CLOSERS: dict[type[Any], Callable[..., Any]] = {
    MapHead: _map, EachHead: _each, IfHead: _if, LookupHead: _lookup, TableHead: _table, RulesHead: _rules,
    RuleHead: _rule, FlowHead: _flow, PlaybookHead: _playbook, TestHead: _test,
}  # fmt: skip
