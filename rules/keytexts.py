"""The text of a key: equal values give equal texts, whatever way they are written.

Records of datasets, awaited messages and groups of collected ones are found by such a text. A key of
one value is that value (`M-1`, `12.5`), one of several is a JSON list of such texts. Numbers lose
their trailing zeros, moments are told in UTC.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dsl.decimals import CONTEXT
from rules.values import shorten
from rules.writing import write_plain


def key_text(values: Sequence[Any]) -> str:
    """The text of a key of one or several values that are there."""
    texts = [_text(value) for value in values]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def named_key_text(values: Mapping[str, Any]) -> str:
    """The text of values with names, in the order of the names: {"lot":"L1"}."""
    texts = {name: _text(values[name]) for name in sorted(values)}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(CONTEXT.normalize(value), "f") if value else "0"
    if isinstance(value, datetime):
        return str(write_plain(value.astimezone(UTC), "string"))
    if isinstance(value, Mapping):
        return _amount(value)
    return str(write_plain(value, "string"))


def _amount(value: Mapping[str, Any]) -> str:
    """A quantity or an amount of money; durations as they are shown."""
    if "value" in value:
        return f"{_text(value['value'])} {value.get('unit') or value.get('currency')}"
    return shorten(value)
