"""Bytes -> documents. A fault is located in a second, slow pass."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from connectors.codecs.json.limits import Limits, NumberFault, exact_decimal, exact_integer
from connectors.codecs.json.locate import Finding, locate
from connectors.contract import DecodedDocument, Fault, Plain
from connectors.errors import DecodeError

__all__ = ["Limits", "decode_body"]

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class _Refused(ValueError):
    """Something the standard library accepts and we don't; where it stands is found by `locate`."""


@dataclass(frozen=True, slots=True)
class _Text:
    """The decoded body, or one line of it, and where it begins in the body."""

    text: str
    offset: int
    line: int


def decode_body(body: bytes, split: str, limits: Limits) -> list[DecodedDocument]:
    """Read one body into its documents.

    Shape:  split none -> one document; lines, array -> one an entry; a bad line has an error fault
    Errors: DecodeError with reason, line, column (both from 1), offset (bytes, from 0) and path
    """
    whole, faults = _text(body, limits)
    if split == "lines":
        return _lines(whole, faults, limits)
    value = _value(whole, limits)
    if split != "array":
        return [DecodedDocument(value, faults)]
    if not isinstance(value, list):
        raise _error(whole, Finding("not_an_array", "a list of documents was expected", 0, "$"))
    return [DecodedDocument(entry, faults, f"entry {number}") for number, entry in enumerate(value, 1)]


def _text(body: bytes, limits: Limits) -> tuple[_Text, tuple[Fault, ...]]:
    if len(body) > limits.size:
        _refuse("too_large", f"the body has {len(body)} bytes; at most {limits.size} are read", limits.size)
    if body[:2] in _OTHER_ENCODINGS:
        _refuse("encoding", f"the body is {_OTHER_ENCODINGS[body[:2]]}; JSON travels as UTF-8", 0)
    marked = body.startswith(b"\xef\xbb\xbf")
    try:
        text = body[3 * marked :].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = 3 * marked + error.start
        _refuse(
            "encoding", f"the body is not UTF-8: byte 0x{body[offset]:02x} at offset {offset}", offset, body
        )
    mark = Fault("byte_order_mark", "warning", "the body begins with a byte order mark", {"offset": 0})
    return _Text(text, 3 * marked, 1), (mark,) if marked else ()


def _refuse(reason: str, message: str, offset: int, body: bytes = b"") -> NoReturn:
    before = body[:offset]
    line, column = before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1
    raise DecodeError(
        message, {"reason": reason, "line": line, "column": column, "offset": offset, "path": "$"}
    )


def _value(part: _Text, limits: Limits) -> Plain:
    try:
        value = _decoder(limits).decode(part.text)
        _check_surrogates(part.text)
        _check_depth(part.text, value, limits.depth)
    except (_Refused, NumberFault, RecursionError, ValueError) as error:
        raise _error(part, locate(part.text, limits) or _fallback(error)) from None
    return value


def _fallback(error: Exception) -> Finding:
    position = error.pos if isinstance(error, json.JSONDecodeError) else 0
    return Finding("syntax", f"not JSON: {error}", position, "$")


def _error(part: _Text, found: Finding) -> DecodeError:
    before = part.text[: found.position]
    line = part.line + before.count("\n")
    column = found.position - (before.rfind("\n") + 1) + 1
    offset = part.offset + len(before.encode("utf-8", "surrogatepass"))
    place = {"reason": found.reason, "line": line, "column": column, "offset": offset, "path": found.path}
    return DecodeError(f"{found.message} (line {line}, column {column}, {found.path})", place)


@lru_cache(maxsize=16)
def _decoder(limits: Limits) -> json.JSONDecoder:
    def decimal(text: str) -> Decimal:
        return exact_decimal(text, limits)

    def integer(text: str) -> int:
        return exact_integer(text, limits)

    return json.JSONDecoder(
        parse_float=decimal, parse_int=integer, parse_constant=_refuse_constant, object_pairs_hook=_record
    )


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _Refused("duplicate key")
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(name)


def _check_surrogates(text: str) -> None:
    if _SURROGATE_ESCAPE.search(text) and locate_surrogate(text):
        raise _Refused("lone surrogate")


def locate_surrogate(text: str) -> bool:
    """Is there an escaped surrogate without its other half?"""
    pairs = re.sub(
        r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", "", re.sub(r"\\\\", "", text)
    )
    return bool(_SURROGATE_ESCAPE.search(pairs))


def _check_depth(text: str, value: Plain, most: int) -> None:
    if text.count("[") + text.count("{") <= most:
        return
    level = [value]
    for _ in range(most):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise _Refused("too deep")


def _children(value: Plain) -> list[Plain]:
    """The lists and objects directly inside a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]


def _lines(whole: _Text, faults: tuple[Fault, ...], limits: Limits) -> list[DecodedDocument]:
    documents, offset = [], whole.offset
    for number, line in enumerate(whole.text.split("\n"), 1):
        if line.strip():
            documents.append(_line(_Text(line, offset, number), faults, limits))
        offset += len(line.encode("utf-8")) + 1
    return documents


def _line(part: _Text, faults: tuple[Fault, ...], limits: Limits) -> DecodedDocument:
    label = f"line {part.line}"
    try:
        return DecodedDocument(_value(part, limits), faults, label)
    except DecodeError as error:
        place = {key: error.details[key] for key in ("line", "column", "offset", "path")}
        return DecodedDocument(
            None, (*faults, Fault(error.details["reason"], "error", error.message, place)), label
        )
