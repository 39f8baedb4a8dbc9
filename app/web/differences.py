"""Two texts beside each other: the changed lines with some around them, each with the kind that colours it."""

import difflib
from collections.abc import Iterator
from itertools import islice

_KINDS = {"+": "add", "-": "del", "@": "hunk"}
_CONTEXT = 3
_MOST_LINES = 2_000
_HEAD_LINES = 2


def differences(before: str, after: str) -> Iterator[dict[str, str]]:
    """Lines as {"kind": add | del | hunk | "", "text": ...}; what is longer than people read is cut off."""
    made = difflib.unified_diff(before.splitlines(), after.splitlines(), n=_CONTEXT, lineterm="")
    for line in islice(made, _HEAD_LINES, _MOST_LINES):
        yield {"kind": _KINDS.get(line[:1], ""), "text": line}
