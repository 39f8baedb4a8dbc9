"""What came of one edit, and of many."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutations.edits import Edit


@dataclass(frozen=True)
class Verdict:
    """What came of one edit. `found` is the first of: error, warning, tests, nothing - or `same` where nothing changed."""

    example: str
    edit: Edit
    line: int
    found: str
    on_line: bool
    said: str = ""


def shares(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Of the edits that change something: the share the checker names, and of those the share on the right line."""
    worse = [v for v in verdicts if v.found != "same"]
    named = [v for v in worse if v.found in ("error", "warning")]
    return len(named) / len(worse), sum(v.on_line for v in named) / len(named)
