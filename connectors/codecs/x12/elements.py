"""The elements of a segment -> fields, by their declarations."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.codecs.x12.faults import Report
from connectors.codecs.x12.guide import ElementSpec
from connectors.codecs.x12.segment import Delimiters, Segment

_PLAIN = ElementSpec()
_INTEGER = re.compile(r"[+-]?[0-9]{1,34}")
_DECIMAL = re.compile(r"[+-]?(?=[0-9.])[0-9]{0,34}(?:\.[0-9]{0,34})?")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])(?:([0-5][0-9])([0-9]{1,2})?)?")


def read_elements(
    segment: Segment, declared: Mapping[str, ElementSpec], delimiters: Delimiters, report: Report
) -> dict[str, Any]:
    """The fields of a segment; elements that were not sent are absent."""
    fields: dict[str, Any] = {}
    for position, text in enumerate(segment.elements, 1):
        if text:
            key = f"{position:02}"
            fields[key] = _Reading(segment, key, delimiters, report).element(text, declared.get(key, _PLAIN))
    for key, spec in declared.items():
        if spec.required and key not in fields:
            report.add("element_missing", f"{segment.id}{key} is empty", segment, element=key)
    return fields


def plain_elements(segment: Segment, delimiters: Delimiters) -> dict[str, Any]:
    """The fields of a segment without a guide: text, split where the component separator stands."""
    fields: dict[str, Any] = {}
    for position, text in enumerate(segment.elements, 1):
        if text and delimiters.component in text and segment.id not in ("ISA", "BIN", "BDS"):
            fields[f"{position:02}"] = _components(text, delimiters)
        elif text:
            fields[f"{position:02}"] = text
    return fields


def _components(text: str, delimiters: Delimiters) -> dict[str, str]:
    return {str(number): part for number, part in enumerate(text.split(delimiters.component), 1) if part}


class _Reading:
    """One element on its way to a value, with its place for the faults."""

    def __init__(self, segment: Segment, key: str, delimiters: Delimiters, report: Report) -> None:
        self.segment, self.key, self.delimiters, self.report = segment, key, delimiters, report

    def element(self, text: str, spec: ElementSpec) -> Any:
        if spec.repeat and self.delimiters.repetition:
            return [self.once(part, spec) for part in text.split(self.delimiters.repetition) if part]
        value = self.once(text, spec)
        return [value] if spec.repeat else value

    def once(self, text: str, spec: ElementSpec) -> Any:
        if spec.composite:
            return self.composite(text, spec.composite)
        if self.delimiters.component in text and self.segment.id not in ("BIN", "BDS"):
            message = f"{self.segment.id}{self.key} holds the component separator {self.delimiters.component}"
            self.report.add("undeclared_composite", message, self.segment, element=self.key)
        value = read_value(text, spec)
        if value is None:
            message = f"{self.segment.id}{self.key} is no {spec.type}: {text[:40]!r}"
            self.report.add(
                "element_type", message, self.segment, element=self.key, expected=spec.type, found=text[:40]
            )
            return text
        return value

    def composite(self, text: str, declared: Mapping[str, ElementSpec]) -> dict[str, Any]:
        inner = _Reading(self.segment, self.key, Delimiters("", "\x00", "", ""), self.report)
        parts = _components(text, self.delimiters)
        for number, spec in declared.items():
            if spec.required and number not in parts:
                where = f"{self.segment.id}{self.key}-{number} is empty"
                self.report.add("element_missing", where, self.segment, element=f"{self.key}-{number}")
        return {number: inner.once(part, declared.get(number, _PLAIN)) for number, part in parts.items()}


def read_value(text: str, spec: ElementSpec) -> Any:
    """The value of an element by its type; None where it doesn't fit. Centuries are never guessed."""
    text = text if spec.type == "text" else text.strip()
    if spec.type == "integer" or (spec.type == "decimal" and spec.implied is not None):
        if not _INTEGER.fullmatch(text):
            return None
        return int(text) if spec.implied is None else Decimal(int(text)).scaleb(-spec.implied)
    if spec.type == "decimal":
        return Decimal(text) if _DECIMAL.fullmatch(text) and text.strip("+-") != "." else None
    if spec.type == "date":
        return _date(text)
    if spec.type == "time":
        return _time(text)
    return text


def _date(text: str) -> str | None:
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        return None


def _time(text: str) -> str | None:
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    return f"{hour}:{minute}:{second or '00'}" + (f".{fraction:0<2}" if fraction else "")
