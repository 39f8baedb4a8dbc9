"""The order of decisions: rows of lookups and tables by name and row, then what else led to a value, as it came."""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"(\d+)")


def in_order(decisions: Iterable[str]) -> tuple[str, ...]:
    """Each decision once; the order in which rows were looked up is no part of the answer."""
    found = dict.fromkeys(decisions)
    rows = sorted((words for words in found if _is_row(words)), key=_natural)
    return (*rows, *(words for words in found if not _is_row(words)))


def _is_row(words: str) -> bool:
    return words.startswith(("lookup ", "table "))


def _natural(words: str) -> list[tuple[int, str]]:
    """Row 2 before row 10."""
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(_NUMBER.split(words))]
