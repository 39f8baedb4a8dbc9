"""Documents -> bytes: exact decimals, the same bytes for the same document."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

from connectors.contract import Plain
from connectors.errors import EncodeError

_PLAIN_DIGITS = 34
_LONGEST_INTEGER_BITS = 10_000


class _Unwritable(Exception):
    """A value JSON can't carry; each level adds its step of the path on the way out."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.steps: list[str] = []
        super().__init__(message)


def encode_documents(documents: Sequence[Plain], options: Mapping[str, Any]) -> bytes:
    """Write the documents: one value, one a line, or one list, as `split` says.

    Errors: EncodeError with the path of what JSON can't carry
    """
    writer = _Writer(options["max_depth"], bool(options["sort_keys"]), options["indent"])
    if options["split"] == "lines":
        flat = _Writer(options["max_depth"], bool(options["sort_keys"]), 0)
        return b"".join(flat.body(document) + b"\n" for document in documents)
    if options["split"] == "array":
        return writer.body(list(documents))
    if len(documents) != 1:
        raise EncodeError(
            f"one JSON body carries one document, not {len(documents)}; set split", {"path": "$"}
        )
    return writer.body(documents[0])


class _Writer:
    """Recursive writing; the depth limit also ends a document that contains itself."""

    def __init__(self, depth: int, sort_keys: bool, indent: int) -> None:
        self.depth, self.sort_keys, self.indent = depth, sort_keys, indent
        self.colon = ": " if indent else ":"

    def body(self, document: Plain) -> bytes:
        """One document as UTF-8."""
        parts: list[str] = []
        try:
            self.write(document, 0, parts)
        except _Unwritable as error:
            path = "$" + "".join(reversed(error.steps))
            path = path if len(path) <= 200 else path[:200] + "..."
            raise EncodeError(f"{path}: {error.message}", {"path": path}) from None
        return "".join(parts).encode()

    def write(self, value: Plain, level: int, parts: list[str]) -> None:
        if isinstance(value, str):
            parts.append(_string(value))
        elif isinstance(value, dict):
            self._record(value, level, parts)
        elif isinstance(value, list | tuple):
            self._list(value, level, parts)
        else:
            parts.append(_scalar(value))

    def _record(self, value: dict[Any, Plain], level: int, parts: list[str]) -> None:
        self._check_depth(level)
        names = [_name(key) for key in value]
        order = sorted(zip(value, names, strict=True)) if self.sort_keys else zip(value, names, strict=True)
        line = self._line(level + 1)
        parts.append("{")
        for number, (key, name) in enumerate(order):
            parts.append(f",{line}{name}{self.colon}" if number else f"{line}{name}{self.colon}")
            try:
                self.write(value[key], level + 1, parts)
            except _Unwritable as error:
                error.steps.append(f".{key}")
                raise
        parts.append(f"{self._line(level)}}}" if names else "}")

    def _list(self, value: Sequence[Plain], level: int, parts: list[str]) -> None:
        self._check_depth(level)
        line = self._line(level + 1)
        parts.append("[")
        for number, item in enumerate(value):
            parts.append("," + line if number else line)
            try:
                self.write(item, level + 1, parts)
            except _Unwritable as error:
                error.steps.append(f"[{number}]")
                raise
        parts.append(f"{self._line(level)}]" if value else "]")

    def _check_depth(self, level: int) -> None:
        if level >= self.depth:
            raise _Unwritable(f"nested more than {self.depth} deep")

    def _line(self, level: int) -> str:
        return "\n" + " " * (self.indent * level) if self.indent else ""


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise _Unwritable(f"a name must be text, got {type(key).__name__}")
    return _string(key)


def _string(value: str) -> str:
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _Unwritable("the text holds half of a surrogate pair") from None
    return encode_basestring(value)


def _scalar(value: Plain) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime | date | time):
        return f'"{value.isoformat()}"'
    raise _Unwritable(f"JSON carries no {type(value).__name__}")


def _integer(value: int) -> str:
    if value.bit_length() > _LONGEST_INTEGER_BITS:
        raise _Unwritable("the number is too long")
    return str(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise _Unwritable(f"{value} is not a JSON number")
    return format(value, "f") if abs(value.adjusted()) <= _PLAIN_DIGITS else str(value)
