"""A schema proposed from a file: JSON samples, a sheet with its header, an XSD; nothing is written before somebody takes it."""

import json
from pathlib import PurePosixPath
from typing import Any

from app.design.errors import ImportRefused
from connectors import registry
from connectors.errors import ConnectorError
from dsl.errors import ExchangeError
from dsl.exchange.importing import open_sheet
from dsl.exchange.inference import FieldNote, infer_from_rows, infer_schema
from dsl.exchange.xsd import read_xsd

FORMATS = {
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".xsd": "xsd",
    ".csv": "csv",
    ".xlsx": "xlsx",
}
Found = tuple[dict[str, Any], tuple[FieldNote, ...], int, tuple[str, ...]]


def propose_schema(file_name: str, content: bytes, name: str, root: str = "") -> tuple[str, str, Found]:
    """Path and text of the proposed schema, and what was seen; `name` is <name>@<version>, the file's unless said."""
    suffix = PurePosixPath(file_name).suffix.lower()
    format = FORMATS.get(suffix)
    if format is None:
        raise ImportRefused(f"{file_name} is no file of samples, sheet or XSD ({', '.join(FORMATS)})")
    named = schema_name(name, PurePosixPath(file_name).stem)
    try:
        found = _found(format, suffix, file_name, content, named, root)
    except ExchangeError as error:
        raise ImportRefused(error.message, error.details) from error
    text = json.dumps(found[0], indent=2, ensure_ascii=False) + "\n"
    return f"schemas/{named[0]}@{named[1]}.json", text, found


def _found(
    format: str, suffix: str, file_name: str, content: bytes, named: tuple[str, str], root: str
) -> Found:
    match format:
        case "xsd":
            schema, warnings = read_xsd({file_name: content}, file_name, root, *named)
            return schema, (), 0, tuple(warnings)
        case "json":
            made, warnings = infer_schema(documents(file_name, content, suffix != ".json"), *named), ()
        case _:
            sheet = open_sheet(content, format, "")
            rows = [row for row in sheet.rows if any(cell.strip() for cell in row)]
            made, warnings = infer_from_rows(rows[0] if rows else [], rows[1:], *named), tuple(sheet.warnings)
    return made.schema, made.fields, made.samples, warnings


def documents(file_name: str, content: bytes, lines: bool) -> list[Any]:
    """What stands in a JSON file, or on the lines of an NDJSON file."""
    try:
        decoded = registry.codec("json").decode(content, {"split": "lines"} if lines else {}, {})
    except ConnectorError as error:
        raise ExchangeError(f"{file_name}: {error.message}") from None
    faults = [fault.message for document in decoded for fault in document.faults if fault.severity == "error"]
    if faults:
        raise ExchangeError(f"{file_name} is no JSON", faults)
    return [document.data for document in decoded]


def schema_name(name: str, stem: str) -> tuple[str, str]:
    """Name and version as a schema file bears them."""
    said, _, version = (name or stem).partition("@")
    clean = [
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in part)
        for part in (said, version)
    ]
    return clean[0] or "schema", clean[1] or "v1"
