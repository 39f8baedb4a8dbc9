"""Values as people see them in messages."""

from collections.abc import Mapping
from typing import Any

from rules.writing import duration_text, write_plain

LONGEST = 200


def shorten(value: Any) -> str:
    """A value in at most 200 characters."""
    text = _text(value, 0)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value[: LONGEST + 1]
    if isinstance(value, Mapping):
        if "amount" in value and "unit" in value:
            return duration_text(dict(value))
        if "value" in value and ("unit" in value or "currency" in value):
            return f"{write_plain(value['value'], 'string')} {value.get('unit') or value.get('currency')}"
        if depth > 2:
            return "{...}"
        return (
            "{" + ", ".join(f"{k}: {_text(v, depth + 1)}" for k, v in _some(value.items()) if k != "^") + "}"
        )
    if isinstance(value, list | tuple):
        return "[...]" if depth > 2 else "[" + ", ".join(_text(v, depth + 1) for v in _some(value)) + "]"
    return str(write_plain(value, "string"))


def _some(values: Any) -> list[Any]:
    found = []
    for value in values:
        found.append(value)
        if len(found) >= 20:
            break
    return found
