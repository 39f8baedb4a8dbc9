"""Of single edits that make a rule set worse, the checker names at least 95 in 100, on the right line.

A share of the thousand is measured here; `make mutations` measures all and writes docs/mutations.md.
"""

import pytest

from tests.mutations.measure import measure
from tests.mutations.verdicts import shares

EDITS = 64
LEAST = 0.85
"""Less than of the thousand: in a small draw the rarest kind of edit, which is the hardest, weighs as much as any."""


@pytest.mark.slow
def test_most_mistakes_are_named_on_their_line() -> None:
    named, on_line = shares(measure(EDITS, seed=1))
    assert named >= LEAST
    assert on_line >= 0.95
