"""Every cell of every form, given back as it is: the edits that should change nothing."""

from collections.abc import Iterator
from typing import Any

from dsl import edits
from dsl.diagnostics import Edit
from dsl.forms import (
    dataset_form,
    flow_form,
    function_form,
    lookup_form,
    map_form,
    outline,
    playbook_form,
    rules_form,
    table_form,
    type_form,
)
from dsl.parser import Parsed

Change = tuple[str, tuple[Edit, ...]]


def changes(parsed: Parsed) -> Iterator[Change]:
    """What each cell of the module is called, and the edits that give it its own text."""
    seen: set[tuple[str, str]] = set()
    for entry in outline(parsed):
        kind, name = entry["kind"], entry["name"]
        if kind in _FORMS and (kind, name) not in seen:
            yield from _FORMS[kind](parsed, name)
        seen.add((kind, name))


def _map(parsed: Parsed, name: str) -> Iterator[Change]:
    form = map_form(parsed, name)
    yield f"map {name}: policy", edits.set_policy(parsed, name, form["policy"])
    for row in _once(form["rows"]):
        where = f"map {name}: {row['id']}"
        if row["kind"] in ("field", "let"):
            yield where, edits.set_field(parsed, name, row["id"], row["expression"], row["handlers"])
        elif row["expression"]:
            yield where, edits.set_field(parsed, name, row["id"], row["expression"])
        elif row["kind"] == "copy":
            yield where, edits.set_line(parsed, name, row["id"], row["text"])


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose id no other has: a field that is set twice is no row to edit by its path."""
    ids = [row["id"] for row in rows]
    return [row for row in rows if ids.count(row["id"]) == 1]


def _table(parsed: Parsed, name: str) -> Iterator[Change]:
    form = table_form(parsed, name)
    columns = form["inputs"] + form["outputs"]
    if not columns:
        return
    yield f"table {name}: policy", edits.set_table_policy(parsed, name, form["policy"], form["aggregation"])
    for column in columns:
        yield (
            f"table {name}: {column['name']}",
            edits.set_column(parsed, name, column["name"], column["name"], column["type"]),
        )
    for row in _once(form["rows"]):
        texts = row.get("cells", []) + row.get("outputs", [])
        if row["kind"] == "row" and len(texts) == len(columns):
            for column, text in zip(columns, texts, strict=True):
                yield (
                    f"table {name}: {row['id']}",
                    edits.set_cell(parsed, name, row["id"], column["name"], text),
                )
    if form["otherwise"] is not None:
        yield f"table {name}: otherwise", edits.set_otherwise(parsed, name, form["otherwise"])


def _lookup(parsed: Parsed, name: str) -> Iterator[Change]:
    form = lookup_form(parsed, name)
    for row in form["rows"]:
        cells = row.get("keys", []) + row.get("results", [])
        if row["kind"] == "row" and len(cells) == len(form["keys"]) + len(form["results"]):
            yield f"lookup {name}: {row['id']}", edits.set_lookup_row(parsed, name, int(row["id"]), cells)


def _dataset(parsed: Parsed, name: str) -> Iterator[Change]:
    form = dataset_form(parsed, name)
    yield f"dataset {name}: keys", edits.set_dataset_keys(parsed, name, [key["text"] for key in form["keys"]])
    yield f"dataset {name}: schema", edits.set_dataset_schema(parsed, name, form["schema"], form["version"])


def _rules(parsed: Parsed, name: str) -> Iterator[Change]:
    form = rules_form(parsed, name)
    yield f"rules {name}: first", edits.set_first_only(parsed, name, form["first_only"])
    for rule in _once(form["rules"]):
        where = f"rules {name}: {rule['id']}"
        if rule["kind"] != "rule":
            continue
        if rule["when"]:
            yield where, edits.set_when(parsed, name, rule["id"], rule["when"])
        if rule["because"]:
            yield where, edits.set_because(parsed, name, rule["id"], rule["because"])
        for number, action in enumerate(rule["actions"], 1):
            yield f"{where} {number}", edits.set_action(parsed, name, rule["id"], number, action["text"])


def _function(parsed: Parsed, name: str) -> Iterator[Change]:
    yield f"function {name}", edits.set_function(parsed, name, function_form(parsed, name)["expression"])


def _type(parsed: Parsed, name: str) -> Iterator[Change]:
    yield f"type {name}", edits.set_type(parsed, name, type_form(parsed, name)["definition"])


def _flow(parsed: Parsed, name: str) -> Iterator[Change]:
    form = flow_form(parsed, name)
    where = f"flow {name}"
    texts = [form[part] for part in ("endpoint", "variable", "schema", "version")]
    yield f"{where}: receive", edits.set_receive(parsed, name, *texts)
    for part in ("owner", "criticality", "sla", "identify_by", "order_by", "business_time", "playbook"):
        if form[part] and (part != "criticality" or form[part] != "normal"):
            yield f"{where}: {part}", edits.set_flow_property(parsed, name, part, form[part])
    yield (
        f"{where}: keys",
        edits.set_flow_keys(parsed, name, [(k["name"], k["expression"]) for k in form["keys"]]),
    )
    for step in form["steps"]:
        if step["kind"] != "raw":
            yield f"{where}: {step['id']}", edits.set_step(parsed, name, int(step["id"]), step["text"])


def _playbook(parsed: Parsed, name: str) -> Iterator[Change]:
    form = playbook_form(parsed, name)
    yield f"playbook {name}: runbook", edits.set_runbook(parsed, name, form["runbook"])
    for row in form["reactions"]:
        if row["kind"] == "reaction":
            yield (
                f"playbook {name}: {row['id']}",
                edits.set_reaction(parsed, name, int(row["id"]), row["text"]),
            )


_FORMS = {
    "dataset": _dataset, "map": _map, "table": _table, "lookup": _lookup, "rules": _rules, "function": _function, "type": _type,
    "flow": _flow, "playbook": _playbook,
}  # fmt: skip
