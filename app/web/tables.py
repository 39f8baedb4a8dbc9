"""The form of a decision table: cells edited where they stand, rows added, removed and moved."""

import json
from typing import Any

from flask import render_template, request

from app.web.access import requires
from app.web.edits import Edited, change
from app.web.errors import page_blueprint
from app.web.workspace import Workspace, open_workspace
from dsl import edits, forms

blueprint = page_blueprint("tables", __name__)

POLICIES = (
    ("unique", "at most one row may fit"),
    ("first", "the first one decides"),
    ("any", "they must agree"),
    ("priority", "the most important output decides"),
    ("rule_order", "all, in their order"),
    ("output_order", "all, by importance"),
    ("collect list", "all, as a list"),
    ("collect sum", "their sum"),
    ("collect min", "the least"),
    ("collect max", "the greatest"),
    ("collect count", "how many"),
)


@blueprint.get("/rulesets/<name>/tables/<item>")
@requires("view")
def show(name: str, item: str) -> Any:
    """The form."""
    return render_template("table.html", **_context(open_workspace(name), item))


@blueprint.post("/rulesets/<name>/tables/<item>")
@requires("edit")
def edit(name: str, item: str) -> Any:
    """Change the table and show it again."""
    form = request.form
    done = change(name, form.get("file", ""), form.get("etag", ""), lambda here: _edits(here, item, form))
    return render_template("table_work.html", oob=True, **_context(done.here, item, done)), done.status


def _edits(here: Workspace, item: str, form: Any) -> Any:
    path, _ = here.find("table", item)
    parsed, row = here.parsed(path), form.get("row", "")
    match form.get("do"):
        case "cell":
            return edits.set_cell(parsed, item, row, form["column"], form.get("text", "").strip())
        case "add":
            return edits.add_row(parsed, item, row or None, _new_cells(parsed, item))
        case "remove":
            return edits.remove_row(parsed, item, row)
        case "move":
            return edits.move_row(parsed, item, row, form.get("before") or None)
        case "paste":
            return _paste(parsed, item, form)
        case "policy" | "otherwise" | "no otherwise" | "column" | "add column" | "remove column":
            return _design_edits(parsed, item, form)
        case _:
            return here.fix_edits(form.get("code", ""), form.get("place", ""), int(form.get("fix", 0)))


def _design_edits(parsed: Any, item: str, form: Any) -> Any:
    """Changes of the table as a whole."""
    match form["do"]:
        case "policy":
            policy, _, aggregation = form.get("text", "").partition(" ")
            return edits.set_table_policy(parsed, item, policy, aggregation)
        case "otherwise":
            return edits.set_otherwise(parsed, item, _last_outputs(parsed, item))
        case "no otherwise":
            return edits.set_otherwise(parsed, item, None)
        case "add column":
            value = form.get("value", "").strip() or "-"
            return edits.add_column(
                parsed, item, form.get("side", "input"), form["name"], form["type"], value
            )
        case "remove column":
            return edits.remove_column(parsed, item, form["column"])
        case _:
            table = forms.table_form(parsed, item)
            present = {column["name"]: column for column in (*table["inputs"], *table["outputs"])}
            said = {**present[form["column"]], form["part"]: form.get("text", "")}
            return edits.set_column(parsed, item, form["column"], said["name"], said["type"])


def _paste(parsed: Any, item: str, form: Any) -> Any:
    """A block from a spreadsheet, from the cell on to the right and down, as far as rows and columns go."""
    table = forms.table_form(parsed, item)
    columns = [column["name"] for column in (*table["inputs"], *table["outputs"])]
    rows = [row["id"] for row in table["rows"]]
    first_row, first_column = rows.index(form["row"]), columns.index(form["column"])
    made: list[Any] = []
    for row, values in zip(rows[first_row:], json.loads(form["block"]), strict=False):
        for column, text in zip(columns[first_column:], values, strict=False):
            made += edits.set_cell(parsed, item, row, column, str(text).strip() or "-")
    return made


def _new_cells(parsed: Any, item: str) -> list[str]:
    """A new row fits everything and gives what the last row gives, until somebody types over it."""
    inputs = forms.table_form(parsed, item)["inputs"]
    return ["-"] * len(inputs) + _last_outputs(parsed, item)


def _last_outputs(parsed: Any, item: str) -> list[str]:
    table = forms.table_form(parsed, item)
    rows = [row for row in table["rows"] if row["kind"] == "row"]
    return (
        list(rows[-1]["outputs"]) if rows else list(table["otherwise"] or ["missing"] * len(table["outputs"]))
    )


def _context(here: Workspace, item: str, done: Edited | None = None) -> dict[str, Any]:
    path, node = here.find("table", item)
    findings = here.findings_of(path, node)
    table = forms.table_form(here.parsed(path), item)
    return {
        "here": here,
        "path": path,
        "table": table,
        "etag": here.stored[path].etag,
        "findings": (done.findings if done else []) + findings,
        "wrong": {f["subject"].rpartition("/")[2] for f in findings},
        "done": done,
        "policies": POLICIES,
    }
