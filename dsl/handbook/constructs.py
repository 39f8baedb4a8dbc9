"""Entries of what modules declare: flows, maps, tables, rules, value maps, functions and the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

from dsl import forms, syntax
from dsl.handbook.content import Cell, Grid, anchor
from dsl.parser import Parsed

Fact = tuple[str, Cell]
_INDENT = "\u2003"
_DOES = {
    "skip": "leave it out",
    "skip row": "leave the row out",
    "reject": "refuse the message",
    "reject row": "refuse the row",
}
_POLICIES = {
    "unique": "exactly one row fits", "first": "the first row that fits", "any": "several rows may fit, all say the same",
    "priority": "the row with the highest output", "collect": "all rows that fit, together",
    "rule_order": "all rows that fit, in their order", "output_order": "all rows that fit, the highest output first",
}  # fmt: skip


def code(text: object, link: str = "") -> Cell:
    """Text of the language."""
    return Cell(str(text or ""), True, link)


def handled(handlers: Sequence[Mapping[str, Any]]) -> str:
    """What happens on failure, in words: `missing: use "UTC"; no_match: leave it out, with a warning`."""
    said = []
    for handler in handlers:
        does = f"use {handler['value']}" if handler["action"] == "use" else _DOES[handler["action"]]
        said.append(
            f"{handler['on'].replace('_', ' ')}: {does}{', with a warning' if handler['warn'] else ''}"
        )
    return "; ".join(said)


def flow_entry(parsed: Parsed, node: syntax.Flow, schema: str) -> dict[str, Any]:
    """What a flow receives and does with it."""
    form = forms.flow_form(parsed, node.name)
    facts: list[Fact] = [
        ("Receives", code(form["endpoint"], anchor("endpoint", form["endpoint"]))),
        ("As", code(f"{form['variable']}: {form['schema']} {form['version']}".strip(), schema)),
    ]
    for step in form["steps"]:
        name, kind = step.get("name", ""), step["kind"]
        link = anchor("map" if kind == "map" else "rules", name) if name and kind in ("map", "apply") else ""
        words = {"map": "Maps with", "apply": "Applies"}.get(kind, "Then")
        facts.append((words, code(name or step.get("text", ""), link)))
    facts += [(f"Key {key['name']}", code(key["expression"])) for key in form["keys"]]
    for words, name in (("Same message", "identify_by"), ("Kept in order by", "order_by")):
        unsaid = "by its idempotency key" if name == "identify_by" else "nothing"
        facts.append((words, code(form[name]) if form.get(name) else Cell(unsaid)))
    for words, name in (
        ("Owner", "owner"),
        ("Criticality", "criticality"),
        ("Within", "sla"),
        ("On failure", "playbook"),
    ):
        if form.get(name):
            facts.append((words, Cell(str(form[name]))))
    return {"facts": tuple(facts)}


def map_entry(parsed: Parsed, node: syntax.Map) -> dict[str, Any]:
    """One row a target field, as the form has it."""
    form = forms.map_form(parsed, node.name)
    facts = [
        ("Reads", code(f"{p['name']}: {p['schema']}" if p["schema"] else p["name"]))
        for p in form["parameters"]
    ]
    facts.append(("Makes", code(form["target"])))
    if form["policy"]:
        facts.append(("Unless a line says otherwise", Cell(handled(form["policy"]))))
    rows = tuple(_map_row(row) for row in form["rows"])
    return {"facts": tuple(facts), "grids": (Grid(("Target", "From", "If it fails", "Note"), rows),)}


def _map_row(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    note = Cell(" ".join([*row.get("above", ()), row.get("comment", "")]).strip())
    space = _INDENT * row["depth"]
    match row["kind"]:
        case "let":
            target, source = f"let {row['target']}", row["expression"]
        case "each":
            target, source = f"{row['target']} (list)", f"each {row['expression']}"
        case "check":
            return (
                Cell(f"{space}check"),
                code(row["expression"]),
                Cell(f"{row['action']} {row['message']}"),
                note,
            )
        case _ if row.get("branch"):
            target, source = row["branch"], row["expression"]
        case _ if row["target"]:
            target, source = row["target"], row["expression"]
        case _:
            target, source = "", row.get("text", "")
    return code(space + target), code(source), Cell(handled(row["handlers"])), note


def table_entry(parsed: Parsed, node: syntax.Table) -> dict[str, Any]:
    """The grid as it is written, with its policy in words."""
    form = forms.table_form(parsed, node.name)
    columns = [*form["inputs"], *form["outputs"]]
    heads = (
        "Row",
        *(f"{'' if c in form['inputs'] else '=> '}{c['name']}: {c['type']}" for c in columns),
        "Note",
    )
    rows = []
    for row in form["rows"]:
        if row["kind"] == "raw":
            rows.append((code(row["text"]), *[Cell("")] * (len(columns) + 1)))
            continue
        rows.append((code(row["id"]), *map(code, [*row["cells"], *row["outputs"]]), Cell(row["comment"])))
    if form["otherwise"] is not None:
        blank = [Cell("")] * len(form["inputs"])
        rows.append((code("otherwise"), *blank, *map(code, form["otherwise"]), Cell("")))
    words = f"{form['policy']}: {_POLICIES[form['policy']]}" + (
        f" ({form['aggregation']})" if form["aggregation"] else ""
    )
    return {"facts": (("Policy", Cell(words)),), "grids": (Grid(heads, tuple(rows)),)}


def lookup_entry(parsed: Parsed, node: syntax.Lookup) -> dict[str, Any]:
    """The rows of a small value map."""
    form = forms.lookup_form(parsed, node.name)
    heads = (
        *(f"{c['name']}: {c['type']}" for c in form["keys"]),
        *(f"=> {c['name']}: {c['type']}" for c in form["results"]),
    )
    rows = []
    for row in form["rows"]:
        cells = [row["text"]] if row["kind"] == "raw" else [*row["keys"], *row["results"]]
        rows.append((*map(code, cells), Cell(row["comment"])))
    facts = (("Both ways", Cell("yes, each value has one key")),) if form["two_way"] else ()
    return {"facts": facts, "grids": (Grid((*heads, "Note"), tuple(rows)),)}


def rules_entry(parsed: Parsed, node: syntax.Rules) -> dict[str, Any]:
    """When, then and because of every rule."""
    form = forms.rules_form(parsed, node.name)
    about = form["parameter"]
    facts: list[Fact] = [
        ("About", code(f"{about['name']}: {about['schema']}" if about["schema"] else about["name"])),
        (
            "Fires",
            Cell("the first rule that fits" if form["first_only"] else "every rule that fits, in this order"),
        ),
    ]
    facts += [(f"let {let['target']}", code(let["expression"])) for let in form["lets"]]
    rows = []
    for rule in form["rules"]:
        if rule["kind"] == "raw":
            rows.append((code(rule["text"]), Cell(""), Cell(""), Cell("")))
            continue
        then = "\n".join(_words(parsed, action) for action in rule["actions"])
        when = code(rule["when"]) if rule["when"] else Cell("always")
        rows.append((code(rule["name"]), when, code(then), Cell(rule.get("because", ""))))
    return {"facts": tuple(facts), "grids": (Grid(("Rule", "When", "Then", "Because"), tuple(rows)),)}


def _words(parsed: Parsed, action: Mapping[str, Any]) -> str:
    """An action as it is written, on one line."""
    line = parsed.tree.line_at(parsed.source.offset(action["line"], 1)) if "line" in action else None
    if line is None:
        starts = [
            one
            for one in parsed.tree.lines
            if parsed.source.position(one.span.start)[0] == action.get("line", 0)
        ]
        line = starts[0] if starts else None
    text = parsed.source.slice(line.span) if line is not None else str(action.get("text", ""))
    return " ".join(text.split()).removeprefix("then ")


def plain_entry(parsed: Parsed, node: syntax.Node) -> dict[str, Any]:
    """Its text."""
    return {"text": parsed.source.slice(node.span)}


def entry_of(parsed: Parsed, node: Any, schema: str) -> dict[str, Any]:
    """What an entry says of any declaration."""
    match node:
        case syntax.Flow():
            return flow_entry(parsed, node, schema)
        case syntax.Map():
            return map_entry(parsed, node)
        case syntax.Table():
            return table_entry(parsed, node)
        case syntax.Lookup():
            return lookup_entry(parsed, node)
        case syntax.Rules():
            return rules_entry(parsed, node)
        case _:
            return plain_entry(parsed, node)
