"""`where-used`: what of a rule set depends on a field, lookup, table or function."""

from pathlib import Path

import click

from app.commands.folder import FOLDER, read
from app.commands.options import AS_JSON
from app.terminal import PROBLEMS, Stop, counted, print_json, print_table, say


@click.command("where-used")
@FOLDER
@click.argument("path")
@AS_JSON
def where_used(folder: Path, path: str, as_json: bool) -> None:
    """What depends on PATH: a field such as sap.defect.QMNUM, a schema, "lookup vendor_xref", "table disposition".

    Followed through lets, functions, tables, maps, rules and flows. Exit 1 where there is nothing of that name.
    """
    from app.design import trials
    from dsl import usage

    program = trials.check_files(read(folder))
    try:
        found = usage.where_used(program, path)
    except usage.UnknownSubject as unknown:
        raise Stop(PROBLEMS, unknown.message) from None
    told = usage.as_json(program, found)
    if as_json:
        print_json(told)
        return
    rows = [
        (use["words"], " <- ".join(reversed(use["way"][:-1])), f"{use['file']}:{use['line']}")
        for use in told["uses"]
    ]
    if rows:
        print_table(f"What depends on {found.subject}", ("use", "through", "place"), rows)
    say(f"{found.subject}: {counted(len(rows), 'use')}")
