"""ruleset.toml: what the rule set is called, its endpoints, and how its lookup files are read."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from dsl import codes
from dsl.diagnostics import Diagnostic
from dsl.functions.zones import zone_fault
from dsl.program import Endpoint, LookupSpec, Manifest
from dsl.source import Span
from dsl.toml import read_toml

FILE = "ruleset.toml"
_TEXTS = ("name", "title", "owner", "language", "time_zone")
_ENDPOINT_KEYS = (
    "direction",
    "codec",
    "schema",
    "owner",
    "idempotent",
    "on_undecodable",
    "options",
    "answer",
    "title",
)
_LOOKUP_KEYS = ("keys", "columns", "valid_from", "valid_to", "two_way", "title")
Report = Callable[[str, str], None]


def empty_manifest(name: str = "") -> Manifest:
    """What is assumed where ruleset.toml can't be read."""
    return Manifest(name, "", "", "1", "UTC", {}, {})


def read_manifest(text: str) -> tuple[Manifest | None, tuple[Diagnostic, ...]]:
    """The manifest, or None where it is not TOML; every wrong entry is reported and left out."""
    try:
        document = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        return None, (codes.diagnostic("M801", FILE, Span(0, 0), "ruleset.toml", problem=str(error)),)
    found: list[Diagnostic] = []

    def report(key: str, problem: str) -> None:
        place = _place(text, key)
        found.append(codes.diagnostic("M802", FILE, place, "ruleset.toml", key=key, problem=problem))

    return _manifest(document, report), tuple(found)


def _place(text: str, key: str) -> Span:
    """Where a dotted key most likely stands, for the marker."""
    last = key.rpartition(".")[2]
    for part in (f'"{key.partition(".")[2]}"', key, f"{last} ", f"{last}=", last):
        start = text.find(part)
        if start >= 0:
            return Span(start, start + len(part.rstrip(" =")))
    return Span(0, 0)


def _manifest(document: Mapping[str, Any], report: Report) -> Manifest:
    for key in document:
        if key not in (*_TEXTS, "endpoints", "lookups", "calendars"):
            report(
                key,
                "is not known; known are name, title, owner, language, time_zone, endpoints, lookups, calendars",
            )
    texts = {key: _text(document, key, key, report) for key in _TEXTS}
    if not texts["name"]:
        report("name", "a rule set needs a name")
    if texts["language"] not in ("", "1"):
        report("language", 'this version reads language = "1"')
    if texts["time_zone"] and (fault := zone_fault(texts["time_zone"])):
        report("time_zone", fault)
        texts["time_zone"] = "UTC"
    return Manifest(
        texts["name"],
        texts["title"],
        texts["owner"],
        texts["language"] or "1",
        texts["time_zone"] or "UTC",
        _endpoints(document, report),
        _lookups(document, report),
        _calendars(document, report),
    )


def _text(table: Mapping[str, Any], key: str, name: str, report: Report) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        report(name, "has to be a text")
        return ""
    return value


def _tables(document: Mapping[str, Any], key: str, report: Report) -> dict[str, Mapping[str, Any]]:
    tables = document.get(key, {})
    if not isinstance(tables, dict):
        report(key, "has to be a table")
        return {}
    wrong = [name for name, table in tables.items() if not isinstance(table, dict)]
    for name in wrong:
        report(
            f"{key}.{name}",
            f'an entry is a table; a name with a dot stands in quotes: [{key}."system.capability"]',
        )
    return {name: table for name, table in tables.items() if name not in wrong}


def _endpoints(document: Mapping[str, Any], report: Report) -> dict[str, Endpoint]:
    endpoints = {}
    for name, table in _tables(document, "endpoints", report).items():
        endpoint = _endpoint(name, table, report)
        if endpoint is not None:
            endpoints[name] = endpoint
    return endpoints


def _endpoint(name: str, table: Mapping[str, Any], report: Report) -> Endpoint | None:
    where = f"endpoints.{name}"
    _unknown_keys(table, _ENDPOINT_KEYS, where, report)
    direction = table.get("direction")
    undecodable = table.get("on_undecodable", "refuse")
    if direction not in ("in", "out"):
        report(f"{where}.direction", 'direction has to be "in" or "out"')
    if undecodable not in ("refuse", "dead_letter"):
        report(f"{where}.on_undecodable", 'on_undecodable has to be "refuse" or "dead_letter"')
    if not isinstance(table.get("idempotent", False), bool):
        report(f"{where}.idempotent", "idempotent has to be true or false")
    codec, schema = (_text(table, key, f"{where}.{key}", report) for key in ("codec", "schema"))
    if not codec:
        report(f"{where}.codec", "an endpoint needs a codec, for example json or x12")
    if schema.count("@") != 1:
        report(
            f"{where}.schema", 'an endpoint needs a schema with its version, for example "canon.shipment@v1"'
        )
    answer = _text(table, "answer", f"{where}.answer", report)
    if answer and answer.count("@") != 1:
        report(f"{where}.answer", 'an answer is a schema with its version, for example "erp.stock_answer@v1"')
    if direction not in ("in", "out") or not codec or not schema:
        return None
    options = table.get("options", {})
    return Endpoint(
        name,
        direction,
        codec,
        schema,
        _text(table, "owner", f"{where}.owner", report),
        table.get("idempotent", False) is True,
        "dead_letter" if undecodable == "dead_letter" else "refuse",
        options if isinstance(options, dict) else {},
        answer,
    )


def _unknown_keys(table: Mapping[str, Any], known: tuple[str, ...], where: str, report: Report) -> None:
    for key in table:
        if key not in known:
            report(f"{where}.{key}", f"is not known; known are {', '.join(known)}")


def _lookups(document: Mapping[str, Any], report: Report) -> dict[str, LookupSpec]:
    lookups = {}
    for name, table in _tables(document, "lookups", report).items():
        where = f"lookups.{name}"
        _unknown_keys(table, _LOOKUP_KEYS, where, report)
        keys, columns = table.get("keys"), table.get("columns", {})
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
            report(f"{where}.keys", 'names the key columns, for example keys = ["supplier"]')
            continue
        if not isinstance(columns, dict) or not all(isinstance(of, str) for of in columns.values()):
            report(f"{where}.columns", 'names the types of columns, for example factor = "decimal"')
            columns = {}
        lookups[name] = LookupSpec(
            name,
            tuple(keys),
            columns,
            table.get("valid_from"),
            table.get("valid_to"),
            table.get("two_way") is True,
        )
    return lookups


def _calendars(document: Mapping[str, Any], report: Report) -> dict[str, tuple[str, ...]]:
    calendars: dict[str, tuple[str, ...]] = {}
    entries = document.get("calendars", {})
    for name, days in (entries if isinstance(entries, dict) else {}).items():
        texts = [str(day) for day in days] if isinstance(days, list) else []
        if not texts or not all(len(text) == 10 and text[4] == text[7] == "-" for text in texts):
            report(f"calendars.{name}", 'lists holidays, for example ["2026-12-25"]')
            continue
        calendars[name] = tuple(texts)
    return calendars
