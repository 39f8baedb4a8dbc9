"""Two versions of a schema, compared path by path: what each direction breaks, in sentences an analyst reads.

Backward: the new version reads messages of the old one (who reads is changed first). Forward: the old version
reads messages of the new one (who writes is changed first). Full: both. Transitive: not only the neighbour,
but every earlier version.

What counts is how documents are read here: a number may travel as text, one value stands for a list of one,
unknown fields are left out. A change that refuses no message but loses or changes what it says is a note.
"""

from dsl.compatibility.changes import Change, compare
from dsl.compatibility.versions import (
    MODES,
    Mode,
    Verdict,
    between,
    chains,
    check_chain,
    in_order,
    verdict,
    verdict_json,
)

__all__ = [
    "MODES",
    "Change",
    "Mode",
    "Verdict",
    "between",
    "chains",
    "check_chain",
    "compare",
    "in_order",
    "verdict",
    "verdict_json",
]
