"""Documents -> bytes: exact decimals, the same bytes for the same document."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from connectors.contract import Plain
from connectors.errors import EncodeError

_PLAIN_DIGITS = 34


def encode_documents(documents: Sequence[Plain], options: Mapping[str, Any]) -> bytes:
    """Write the documents: one value, one a line, or one list, as `split` says.

    Errors: EncodeError with the path of what JSON can't carry
    """
    writer = _Writer(options["max_depth"], bool(options["sort_keys"]), options["indent"])
    if options["split"] == "lines":
        flat = _Writer(options["max_depth"], bool(options["sort_keys"]), 0)
        return "".join(flat.text(document) + "\n" for document in documents).encode()
    if options["split"] == "array":
        return writer.text(list(documents)).encode()
    if len(documents) != 1:
        raise EncodeError(
            f"one JSON body carries one document, not {len(documents)}; set split", {"path": "$"}
        )
    return writer.text(documents[0]).encode()


class _Writer:
    """Recursive writing with the path at hand; the depth limit also ends a document that contains itself."""

    def __init__(self, depth: int, sort_keys: bool, indent: int) -> None:
        self.depth, self.sort_keys, self.indent = depth, sort_keys, indent
        self.colon, self.comma = (": ", ",") if indent else (":", ",")

    def text(self, value: Plain) -> str:
        parts: list[str] = []
        self.write(value, "$", 0, parts)
        return "".join(parts)

    def write(self, value: Plain, path: str, level: int, parts: list[str]) -> None:
        if isinstance(value, str):
            parts.append(_string(value, path))
        elif isinstance(value, dict):
            self.block("{}", self.members(value, path), path, level, parts)
        elif isinstance(value, list | tuple):
            entries = [("", item, f"{path}[{index}]") for index, item in enumerate(value)]
            self.block("[]", entries, path, level, parts)
        else:
            parts.append(_scalar(value, path))

    def members(self, value: dict[Any, Plain], path: str) -> list[tuple[str, Plain, str]]:
        for key in value:
            if not isinstance(key, str):
                raise EncodeError(f"{path}: a name must be text, got {type(key).__name__}", {"path": path})
        keys = sorted(value) if self.sort_keys else value
        return [(_string(key, path) + self.colon, value[key], f"{path}.{key}") for key in keys]

    def block(
        self, brackets: str, entries: list[tuple[str, Plain, str]], path: str, level: int, parts: list[str]
    ) -> None:
        if level >= self.depth:
            raise EncodeError(f"{path}: nested more than {self.depth} deep", {"path": path})
        parts.append(brackets[0])
        for index, (name, item, item_path) in enumerate(entries):
            parts.append((self.comma if index else "") + self.line(level + 1) + name)
            self.write(item, item_path, level + 1, parts)
        parts.append((self.line(level) if entries else "") + brackets[1])

    def line(self, level: int) -> str:
        return "\n" + " " * (self.indent * level) if self.indent else ""


def _string(value: str, path: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise EncodeError(f"{path}: the text holds half of a surrogate pair", {"path": path}) from None
    return json.dumps(value, ensure_ascii=False)


def _scalar(value: Plain, path: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _integer(value, path)
    if isinstance(value, Decimal):
        return _decimal(value, path)
    if isinstance(value, datetime | date | time):
        return json.dumps(value.isoformat())
    raise EncodeError(f"{path}: JSON carries no {type(value).__name__}", {"path": path})


def _integer(value: int, path: str) -> str:
    if value.bit_length() > 10_000:
        raise EncodeError(f"{path}: the number is too long", {"path": path})
    return str(value)


def _decimal(value: Decimal, path: str) -> str:
    if not value.is_finite():
        raise EncodeError(f"{path}: {value} is not a JSON number", {"path": path})
    return format(value, "f") if abs(value.adjusted()) <= _PLAIN_DIGITS else str(value)
