"""Values -> the text of segments. What would break the file is refused: X12 knows no escape character."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from connectors.codecs.x12.guide import ElementSpec
from connectors.codecs.x12.segment import Delimiters
from connectors.errors import EncodeError

_PLAIN = ElementSpec()
_LONGEST_NUMBER = 100
_ISO = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"),
}


class SegmentText:
    """Writes segments with one set of delimiters."""

    def __init__(self, marks: Delimiters) -> None:
        self.marks = marks

    def segment(
        self,
        name: str,
        fields: Mapping[str, Any],
        path: str,
        declared: Mapping[str, ElementSpec] | None = None,
    ) -> str:
        """One segment from its fields "01", "02", ...; empty elements at the end are left out."""
        texts: dict[int, str] = {}
        for key, value in fields.items():
            if not (key.isascii() and key.isdigit() and len(key) in (2, 3) and int(key)):
                raise EncodeError(
                    f'{path}.{key}: elements are called "01", "02", ...', {"path": f"{path}.{key}"}
                )
            spec = (declared or {}).get(key, _PLAIN)
            texts[int(key)] = self.element(value, spec, f"{path}.{key}", binary=name in ("BIN", "BDS"))
        return self.line(name, [texts.get(n, "") for n in range(1, max(texts, default=0) + 1)], path)

    def line(self, name: str, texts: Sequence[str], path: str) -> str:
        """One segment from the texts of its elements."""
        if not (name.isascii() and name.isalnum() and name.isupper() and 2 <= len(name) <= 3):
            raise EncodeError(f"{path}: {name!r} is not a segment id", {"path": path})
        last = max((n for n, text in enumerate(texts, 1) if text), default=0)
        return self.marks.element.join([name, *texts[:last]])

    def element(self, value: Any, spec: ElementSpec, path: str, binary: bool = False) -> str:
        """One element: text, a composite, or repetitions."""
        if isinstance(value, list):
            return self._repeated(value, spec, path)
        if isinstance(value, dict):
            return self._composite(value, spec, path)
        if binary and isinstance(value, str):
            return value
        return self.plain(value, path, spec)

    def plain(self, value: Any, path: str, spec: ElementSpec = _PLAIN) -> str:
        """One simple value as text, without any delimiter in it.

        Errors: EncodeError
        """
        text = write_value(value, spec, path)
        marks = self.marks
        for mark in (marks.element, marks.component, marks.terminator, marks.repetition):
            if mark and mark in text:
                raise EncodeError(
                    f"{path}: {mark!r} is a delimiter and can't be escaped", {"path": path, "found": mark}
                )
        if any(character < " " or character == "\x7f" for character in text):
            raise EncodeError(f"{path}: the text holds a line break or control character", {"path": path})
        return text

    def _composite(self, value: Mapping[str, Any], spec: ElementSpec, path: str) -> str:
        parts: dict[int, str] = {}
        for key, part in value.items():
            if not (isinstance(key, str) and key.isascii() and key.isdigit() and 0 < int(key) < 100):
                raise EncodeError(f'{path}.{key}: components are called "1", "2", ...', {"path": path})
            parts[int(key)] = self.plain(part, f"{path}.{key}", spec.composite.get(key, _PLAIN))
        last = max((number for number, text in parts.items() if text), default=0)
        return self.marks.component.join(parts.get(number, "") for number in range(1, last + 1))

    def _repeated(self, value: list[Any], spec: ElementSpec, path: str) -> str:
        texts = [
            self.element(part, spec, f"{path}[{n}]")
            for n, part in enumerate(value)
            if not isinstance(part, list)
        ]
        if len(texts) != len(value) or (len(texts) > 1 and not self.marks.repetition):
            raise EncodeError(f"{path}: this release has no repeated elements", {"path": path})
        return self.marks.repetition.join(texts)


def write_value(value: Any, spec: ElementSpec, path: str) -> str:
    """The text of a value by its declared type.

    Errors: EncodeError
    """
    if value is None:
        return ""
    if spec.type in ("date", "time") and isinstance(value, str):
        value = _instant(value, spec.type, path)
    if isinstance(value, datetime) or isinstance(value, bool | float):
        raise EncodeError(
            f"{path}: X12 carries no {type(value).__name__}; format it in the map", {"path": path}
        )
    if isinstance(value, date):
        return value.strftime("%Y%m%d")
    if isinstance(value, time):
        return _time(value, path)
    if isinstance(value, int | Decimal):
        return _number(Decimal(value), spec, path)
    if isinstance(value, str):
        return _typed_text(value, spec, path)
    raise EncodeError(f"{path}: X12 carries no {type(value).__name__}", {"path": path})


def _typed_text(value: str, spec: ElementSpec, path: str) -> str:
    if spec.type not in ("integer", "decimal") or not value:
        return value
    try:
        return _number(Decimal(value), spec, path)
    except ArithmeticError:
        raise EncodeError(f"{path}: {value[:40]!r} is no {spec.type}", {"path": path}) from None


def _number(value: Decimal, spec: ElementSpec, path: str) -> str:
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_NUMBER:
        raise EncodeError(f"{path}: the number is out of range", {"path": path})
    whole = spec.implied is not None or spec.type == "integer"
    scaled = value.scaleb(spec.implied or 0)
    if whole and scaled != scaled.to_integral_value():
        raise EncodeError(f"{path}: {value} has too many decimal places; round it in the map", {"path": path})
    return str(int(scaled)) if whole else format(value, "f")


def _instant(text: str, kind: str, path: str) -> date | time | str:
    try:
        if not text:
            return ""
        if not _ISO[kind].fullmatch(text):
            raise ValueError
        return date.fromisoformat(text) if kind == "date" else time.fromisoformat(text)
    except ValueError:
        raise EncodeError(f"{path}: {text[:40]!r} is no {kind}", {"path": path}) from None


def _time(value: time, path: str) -> str:
    """HHMM, HHMMSS or HHMMSSDD; a finer time is refused."""
    hundredths, rest = divmod(value.microsecond, 10_000)
    if rest or value.tzinfo:
        raise EncodeError(f"{path}: {value} has a zone or more than hundredths of a second", {"path": path})
    return value.strftime("%H%M%S" if value.second or hundredths else "%H%M") + (
        f"{hundredths:02}" if hundredths else ""
    )
