"""Maps, tables, lookups, rules, flows and tests of two programs compared."""

from collections.abc import Iterable, Iterator, Mapping

from dsl import syntax
from dsl.program import CheckedFlow, CheckedLookup, CheckedMap, CheckedRules, CheckedTable, Program
from dsl.types import Type
from dsl.types import describe as described
from rules.difference.change import Change, Texts, compared, shown

MOST = 30


def map_lines(program: Program, checked: CheckedMap) -> dict[str, str]:
    """Each line of a map by what it sets, with the condition it stands under."""
    texts = Texts(program, checked.path)
    found: dict[str, str] = {}
    for kind, handler in sorted(checked.policy.items()):
        found[f"on {kind}"] = texts.handlers((handler,)).removeprefix(f"on {kind} ")
    _lines(texts, checked.node.body, "", "", found)
    return found


def _lines(
    texts: Texts, statements: tuple[syntax.Statement, ...], prefix: str, under: str, found: dict[str, str]
) -> None:
    for statement in statements:
        match statement:
            case syntax.Field() | syntax.Let():
                name = (
                    ".".join(statement.target)
                    if isinstance(statement, syntax.Field)
                    else f"let {statement.name}"
                )
                text = f"{texts.of(statement.value)} {texts.handlers(statement.handlers)}".strip()
                found[f"{prefix}{name}{under}"] = text
            case syntax.Copy():
                found[f"{prefix}copy {texts.of(statement.source)}{under}"] = texts.of(statement)
            case syntax.Check():
                text = f"else {statement.action} {texts.of(statement.message)}"
                found[f"{prefix}check {texts.of(statement.condition)}{under}"] = text
            case syntax.Each():
                target = f"{prefix}{'.'.join(statement.target)}[]"
                found[f"{target}{under}"] = _each_header(texts, statement)
                _lines(texts, statement.body, f"{target}.", under, found)
            case syntax.If():
                for branch in statement.branches:
                    _lines(texts, branch.body, prefix, f"{under} if {texts.of(branch.condition)}", found)
                _lines(texts, statement.otherwise or (), prefix, f"{under} otherwise", found)


def _each_header(texts: Texts, node: syntax.Each) -> str:
    words = [f"each {node.variable} in {texts.of(node.source)}"]
    if node.where is not None:
        words.append(f"where {texts.of(node.where)}")
    if node.group_by:
        words.append("group by " + ", ".join(texts.of(key.value) for key in node.group_by))
    if node.order_by:
        keys = (texts.of(key.value) + (" descending" if key.descending else "") for key in node.order_by)
        words.append("order by " + ", ".join(keys))
    return " ".join(words)


def maps(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a map."""
    before, after = old.maps[name], new.maps[name]
    if before.target.name != after.target.name or before.target.version != after.target.version:
        was, now = (f"{target.name} {target.version}" for target in (before.target, after.target))
        sentence = f"map {name} makes {now}, no longer {was}"
        yield Change("changed", f"map/{name}", sentence)
    takes = [
        ", ".join(f"{n} ({described(of)})" for n, of in checked.parameters) for checked in (before, after)
    ]
    if takes[0] != takes[1]:
        yield Change("changed", f"map/{name}", f"map {name} takes {takes[1]}, no longer {takes[0]}")
    yield from compared(f"map/{name}", f"map {name}", map_lines(old, before), map_lines(new, after))


def tables(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a decision table: rows by their id, cells by their column."""
    before, after = old.tables[name], new.tables[name]
    where, subject = f"table {name}", f"table/{name}"
    columns = (_columns(old, before), _columns(new, after))
    heads = {"policy": (_policy(before), _policy(after)), "columns": columns}
    for what, (was, now) in heads.items():
        if was != now:
            yield Change("changed", subject, f"{where}: {what} {was} -> {now}")
    rows, made = _rows(old, before), _rows(new, after)
    for row in rows.keys() - made.keys():
        yield Change("removed", f"{subject}/{row}", f"{where}: row {row} is removed ({_joined(rows[row])})")
    for row, cells in made.items():
        if row not in rows:
            yield Change("added", f"{subject}/{row}", f"{where}: row {row} is new ({_joined(cells)})")
            continue
        changes = [
            f"{c} {rows[row].get(c, '')} -> {text}" for c, text in cells.items() if rows[row].get(c) != text
        ]
        if changes:
            yield Change("changed", f"{subject}/{row}", f"{where}, row {row}: {', '.join(changes)}")
    kept = [row for row in rows if row in made]
    if kept != [row for row in made if row in rows] and after.node.policy in ("first", "rule_order"):
        yield Change("changed", subject, f"{where}: the order of rows is now {', '.join(made)}")


def _policy(table: CheckedTable) -> str:
    node = table.node
    return f"{node.policy} {node.aggregation}" if node.policy == "collect" else node.policy


def _columns(program: Program, table: CheckedTable) -> str:
    texts = Texts(program, table.path)
    sides = (
        ", ".join(texts.of(column) for column in side) for side in (table.node.inputs, table.node.outputs)
    )
    return " => ".join(sides)


def _rows(program: Program, table: CheckedTable) -> dict[str, dict[str, str]]:
    texts = Texts(program, table.path)
    found = {}
    for row in table.node.rows:
        if isinstance(row, syntax.TableRow):
            cells = {n: texts.of(cell) for (n, _), cell in zip(table.inputs, row.cells, strict=False)}
            cells |= {n: texts.of(value) for (n, _), value in zip(table.outputs, row.outputs, strict=False)}
            found[row.id] = cells
    if table.node.otherwise is not None:
        outputs = zip(table.outputs, table.node.otherwise, strict=False)
        found["otherwise"] = {name: texts.of(value) for (name, _), value in outputs}
    return found


def _joined(cells: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in cells.items() if text != "-")


def lookups(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a lookup: rows by their keys; long lists are cut."""
    before, after = _lookup_rows(old.lookups[name]), _lookup_rows(new.lookups[name])
    found = [*_lookup_head(old.lookups[name], new.lookups[name])]
    found += compared(f"lookup/{name}", f"lookup {name}", before, after)
    yield from found[:MOST]
    if len(found) > MOST:
        yield Change("changed", f"lookup/{name}", f"lookup {name}: {len(found) - MOST} more rows differ")


def _lookup_head(old: CheckedLookup, new: CheckedLookup) -> Iterator[Change]:
    subject, where = f"lookup/{new.name}", f"lookup {new.name}"
    was, now = (f"{_typed(of.keys)} -> {_typed(of.results)}" for of in (old, new))
    if was != now:
        yield Change("changed", subject, f"{where}: columns {was} -> {now}")
    if old.two_way != new.two_way:
        words = "can be read backwards now" if new.two_way else "can no longer be read backwards"
        yield Change("changed", subject, f"{where} {words}")


def _typed(columns: Iterable[tuple[str, Type]]) -> str:
    return ", ".join(f"{name}: {described(of)}" for name, of in columns)


def _lookup_rows(lookup: CheckedLookup) -> dict[str, str]:
    found: dict[str, str] = {}
    width = len(lookup.keys)
    for row in lookup.rows:
        key = ", ".join(shown(value) for value in row[:width])
        text = ", ".join(shown(value) for value in row[width:])
        found[key] = f"{found[key]}; {text}" if key in found else text
    return found


def functions(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a function."""
    before, after = (Texts(p, p.functions[name].path).of(p.functions[name].node) for p in (old, new))
    if before != after:
        yield Change(
            "changed", f"function/{name}", f"function {name} is now {after.removeprefix('function ')}"
        )


def types(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a declared type."""
    before, after = (
        Texts(p, p.declared_types[name].path).of(p.declared_types[name].node.definition) for p in (old, new)
    )
    if before != after:
        yield Change("changed", f"type/{name}", f"type {name} is now {after}")


def rules(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a set of rules."""
    before, after = old.rules[name], new.rules[name]
    if before.node.first_only != after.node.first_only:
        which = "only the first matching rule fires" if after.node.first_only else "all matching rules fire"
        yield Change("changed", f"rules/{name}", f"rules {name}: {which} now")
    about, asked = (Texts(p, p.rules[name].path).of(p.rules[name].node.parameter) for p in (old, new))
    if about != asked:
        yield Change("changed", f"rules/{name}", f"rules {name} are about {asked} now, no longer {about}")
    yield from compared(f"rules/{name}", f"rules {name}", _rules(old, before), _rules(new, after), "")
    was, now = _order(before, after), _order(after, before)
    if was != now:
        yield Change(
            "changed", f"rules/{name}", f"rules {name}: they are asked in another order now: {', '.join(now)}"
        )


def _order(rules: CheckedRules, others: CheckedRules) -> list[str]:
    """The rules that both have, in the order of the one."""
    known = {rule.name for rule in others.node.rules if isinstance(rule, syntax.Rule)}
    return [rule.name for rule in rules.node.rules if isinstance(rule, syntax.Rule) and rule.name in known]


def _rules(program: Program, checked: CheckedRules) -> dict[str, str]:
    texts = Texts(program, checked.path)
    found = {
        f"let {let.name}": f"{texts.of(let.value)} {texts.handlers(let.handlers)}".strip()
        for let in checked.node.lets
    }
    for rule in checked.node.rules:
        if isinstance(rule, syntax.Rule):
            actions = " then ".join(texts.of(action) for action in rule.actions)
            when = f"when {texts.of(rule.when)} " if rule.when is not None else ""
            found[rule.name] = f"{when}then {actions}"
    return found


def flows(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of a flow."""
    yield from compared(
        f"flow/{name}", f"flow {name}", _flow(old, old.flows[name]), _flow(new, new.flows[name])
    )


def _flow(program: Program, checked: CheckedFlow) -> dict[str, str]:
    texts, node = Texts(program, checked.path), checked.node
    found = {
        "receives": f"{node.endpoint} as {node.schema} {node.version}",
        "owner": node.owner,
        "criticality": node.criticality,
        "sla": texts.of(node.sla),
        "identify by": texts.of(node.identify_by),
        "order by": texts.of(node.order_by),
        "business time by": texts.of(node.business_time),
        "playbook": node.playbook,
        "steps": ", ".join(texts.of(step) for step in node.steps),
    }
    found |= {f"key {name}": texts.of(value) for name, value in node.keys}
    return {name: text for name, text in found.items() if text}


def tests(old: Program, new: Program) -> Iterator[Change]:
    """Tests by their name."""
    before = {test.node.name: Texts(old, test.path).of(test.node) for test in old.tests}
    after = {test.node.name: Texts(new, test.path).of(test.node) for test in new.tests}
    for name in before.keys() - after.keys():
        yield Change("removed", f"test/{name}", f'test "{name}" is removed')
    for name, text in after.items():
        if name not in before:
            yield Change("added", f"test/{name}", f'test "{name}" is new')
        elif before[name] != text:
            yield Change("changed", f"test/{name}", f'test "{name}" checks something else now')
