"""`import` and `export`: tables, lookups and schemas of other tools as texts of a rule set, and tables back.

What is read is printed to stdout, or written with --into; what to look at goes to stderr. Nothing of a
rule set changes by itself: a proposed schema or a table is a file for people to look at first.
"""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from app.commands.folder import FOLDER, read
from app.commands.options import AS_JSON
from app.terminal import PROBLEMS, REFUSED, USAGE, Stop, complain, print_json, print_table, say
from dsl.errors import ExchangeError

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
INTO = click.option(
    "--into", type=click.Path(dir_okay=False, path_type=Path), help="Write the text into this file."
)
LARGEST = 20_000_000


@click.group("import")
def import_() -> None:
    """Read a table, lookup or schema of another tool. Exit 1 where something in it can't be read."""


def _told(command: Callable[..., int]) -> Callable[..., int]:
    """Print what is refused, one line a fault; with --json as one object."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> int:
        try:
            return command(*args, **options)
        except ExchangeError as error:
            if options.get("as_json"):
                print_json({"ok": False, "message": error.message, "faults": list(error.faults)})
            complain(error.message)
            for fault in error.faults:
                say(f"  {fault}")
            return PROBLEMS

    return run


@import_.command("dmn")
@FILE
@click.option("--decision", default="", help="Only the decision of this name or id.")
@INTO
@AS_JSON
@_told
def dmn(file: Path, decision: str, into: Path | None, as_json: bool) -> int:
    """Decision tables of a DMN file (1.3 and later)."""
    from dsl.exchange.importing import import_dmn

    found = import_dmn(_content(file), decision)
    return _hand_over(found.text, found.warnings, into, as_json, {"tables": list(found.names)})


_SHEET = (
    click.option(
        "--as", "kind", type=click.Choice(["table", "lookup", "schema"]), help="What it is; a sheet of ours says so."
    ),
    click.option("--name", default="", help="Name of the table or lookup, or <name>@<version> of the schema."),
    click.option("--policy", default="", help="Hit policy of the table; unique unless said."),
    click.option("--output", "outputs", multiple=True, help="An output column; the last one unless said."),
)  # fmt: skip


def _sheet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_SHEET):
        command = option(command)
    return command


@import_.command("csv")
@FILE
@_sheet_options
@INTO
@AS_JSON
@_told
def csv(file: Path, into: Path | None, as_json: bool, **wish: Any) -> int:
    """A table, a lookup or the schema of a CSV file (UTF-8; comma, semicolon or tab)."""
    return _sheet(file, "csv", "", into, as_json, **wish)


@import_.command("xlsx")
@FILE
@_sheet_options
@click.option("--sheet", default="", help="Name of the sheet; the first one unless said.")
@INTO
@AS_JSON
@_told
def xlsx(file: Path, sheet: str, into: Path | None, as_json: bool, **wish: Any) -> int:
    """A table, a lookup or the schema of a sheet of an Excel file."""
    return _sheet(file, "xlsx", sheet, into, as_json, **wish)


def _sheet(
    file: Path,
    format: str,
    sheet: str,
    into: Path | None,
    as_json: bool,
    kind: str | None,
    name: str,
    policy: str,
    outputs: Sequence[str],
) -> int:
    from dsl.exchange.importing import import_sheet, open_sheet
    from dsl.exchange.inference import infer_from_rows
    from dsl.exchange.sheet_reading import Wish

    content = _content(file)
    if kind == "schema":
        read_rows = open_sheet(content, format, sheet)
        rows = [row for row in read_rows.rows if any(cell.strip() for cell in row)]
        named = _schema_name(name, file)
        return _propose(
            infer_from_rows(rows[0] if rows else [], rows[1:], *named), read_rows.warnings, into, as_json
        )
    found = import_sheet(content, format, Wish(kind or "", name, policy, tuple(outputs)), sheet)
    return _hand_over(found.text, found.warnings, into, as_json, {"names": list(found.names)})


@import_.command("samples")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--name", default="", help="<name>@<version> of the schema; the first file's name unless said.")
@INTO
@AS_JSON
@_told
def samples(files: tuple[Path, ...], name: str, into: Path | None, as_json: bool) -> int:
    """Propose a schema from JSON samples, with how often each field was there."""
    from dsl.exchange.inference import infer_schema

    samples = [document for file in files for document in _documents(file)]
    return _propose(infer_schema(samples, *_schema_name(name, files[0])), (), into, as_json)


import_.add_command(samples, "json")


@import_.command("xsd")
@FILE
@click.option(
    "--root", default="", help="The element a document begins with; needed where the file has several."
)
@click.option("--name", default="", help="<name>@<version> of the schema; the file's name unless said.")
@INTO
@AS_JSON
@_told
def xsd(file: Path, root: str, name: str, into: Path | None, as_json: bool) -> int:
    """A schema from an XSD; it may include files of its own folder and below, nothing else."""
    from dsl.exchange.xsd import read_xsd

    schema, warnings = read_xsd(_neighbours(file), file.name, root, *_schema_name(name, file))
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return _hand_over(text, warnings, into, as_json, {"schema": schema})


@click.command("export")
@click.argument("format", type=click.Choice(["dmn", "csv", "xlsx"]))
@FOLDER
@click.argument("name")
@click.option(
    "--into", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; stdout unless said."
)
@_told
def export(format: str, folder: Path, name: str, into: Path | None) -> int:
    """Write the table or lookup NAME of FOLDER as a DMN, CSV or Excel file."""
    from app.design import trials
    from dsl import types
    from dsl.exchange.importing import export as write
    from dsl.parser import parse

    program = trials.check_files(read(folder))
    found = program.tables.get(name) or program.lookups.get(name)
    if found is None or found.path not in program.sources:
        known = ", ".join(sorted([*program.tables, *program.lookups]))
        raise Stop(USAGE, f"{folder} has no table or inline lookup {name}; it has {known or 'none'}")
    named = {
        key: of.values
        for schema in program.schemas.values()
        for key, of in schema.definitions.items()
        if isinstance(of, types.Enum)
    }
    content = write(parse(program.sources[found.path]), name, format, named)
    if into:
        _write(into, content)
    else:
        click.echo(content, nl=False)
    return 0


# ------------------------------------------------------------ files and what is told


def _content(file: Path) -> bytes:
    if file.stat().st_size > LARGEST:
        raise ExchangeError(f"{file.name} is larger than {LARGEST // 1_000_000} MB")
    return file.read_bytes()


def _documents(file: Path) -> list[Any]:
    """What stands in a JSON file, or on the lines of an NDJSON file."""
    from app.design.inference import documents

    return documents(file.name, _content(file), file.suffix in (".ndjson", ".jsonl"))


def _neighbours(file: Path) -> dict[str, bytes]:
    """The XSD files of the folder and below, by their path from it; links that lead out are left out."""
    folder = file.resolve().parent
    found = [
        path
        for path in sorted(folder.rglob("*.xsd"))[:500]
        if path.is_file() and folder in path.resolve().parents
    ]
    return {path.relative_to(folder).as_posix(): _content(path) for path in {*found, folder / file.name}}


def _schema_name(name: str, file: Path) -> tuple[str, str]:
    from app.design.inference import schema_name

    return schema_name(name, file.stem)


def _propose(proposal: Any, warnings: Sequence[str], into: Path | None, as_json: bool) -> int:
    """A proposed schema, and for people the fields with what was seen of them."""
    fields = [
        {
            "path": n.path,
            "type": n.type,
            "present": n.present,
            "of": n.of,
            "example": n.example,
            "remarks": list(n.remarks),
        }
        for n in proposal.fields
    ]
    if not as_json:
        lines = [
            (n.path, n.type, f"{n.present} of {n.of}", n.example, "; ".join(n.remarks))
            for n in proposal.fields
        ]
        print_table(
            f"A proposal from {proposal.samples} samples",
            ("field", "type", "present", "for example", "look at"),
            lines,
        )
    text = json.dumps(proposal.schema, indent=2, ensure_ascii=False) + "\n"
    return _hand_over(
        text,
        warnings,
        into,
        as_json,
        {"schema": proposal.schema, "fields": fields, "samples": proposal.samples},
    )


def _hand_over(
    text: str, warnings: Sequence[str], into: Path | None, as_json: bool, more: dict[str, Any]
) -> int:
    for warning in warnings:
        say(f"note: {warning}")
    if into:
        _write(into, text.encode())
    if as_json:
        print_json({"ok": True, "text": text, "warnings": list(warnings), **more})
    elif not into:
        click.echo(text, nl=False)
    return 0


def _write(target: Path, content: bytes) -> None:
    if target.exists():
        raise Stop(USAGE, f"{target} is there already: it is not overwritten")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise Stop(REFUSED, f"{target} can't be written: {error.strerror}") from error
    say(f"{target} written")
