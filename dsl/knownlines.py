"""Lines that were read before: after a keystroke nearly every line of a module is one.

What a line says depends on its text and on the block it stands in, on nothing around it. So it is kept by
these two and moved to the place where it stands now. Lines with a fault are read anew each time, for what
would be right there is worked out from the parser.
"""

from typing import Any

from dsl.lines import Reading, read_line
from dsl.moving import moved
from dsl.tree import Line

MOST_LINES = 50_000
_LONGEST = 2_000
_known: dict[tuple[str, str], tuple[Any, int]] = {}


def read_known_line(line: Line, text: str, start: str) -> Reading:
    """`read_line` for a line with this text; as quick as a copy where such a line was read before."""
    place = line.tokens[0].start
    key = (start, text)
    known = _known.get(key)
    if known is not None:
        node, at = known
        return Reading(moved(node, place - at))
    reading = read_line(line.tokens, start)
    if reading.fault is None and line.unclosed is None and line.too_deep is None and len(text) <= _LONGEST:
        if len(_known) >= MOST_LINES:
            _known.clear()
        _known[key] = (moved(reading.node, 0), place)
    return reading


def forget() -> None:
    """Forget every line."""
    _known.clear()
