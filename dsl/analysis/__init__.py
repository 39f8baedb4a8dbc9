"""What can be said of decision tables without running them: gaps, overlaps, rows that change nothing.

The way of a table:

    cells of a column --columns--> a domain: its values cut into pieces that no cell tells apart
    row --domain.fit--> a box: one set of pieces a column, each an int of bits
    boxes --boxes--> a hole that no box covers, pairs that meet --tables--> TableAnalysis

`scales` knows what lies between two numbers, days or texts, `patterns` which texts fit which patterns at once,
`values` how constants compare and are written.

What holds:

- Exact: a gap or overlap that is reported exists, and its example shows it; what is not reported does not exist.
  Where that can't be known, it is said: a cell `? expr` may fit everything and fits nothing for sure, and a
  question that would take too long is answered by "too large", never by a guess.
- It agrees with `rules`: a missing value fits `-`, `missing` and a `not(...)` that does not name `missing`.
- The row offered for a gap fits inputs of the gap only, so that adding it makes no overlap; adding rows until there
  is none offered ends.
- Pure: syntax and types in, plain values out, no diagnostics. `dsl.checking.tablefindings` words them.
"""

from dsl.analysis.findings import Example, Gap, Idle, Outlier, Overlap, Sliver, TableAnalysis
from dsl.analysis.tables import analyse, asks_for_a_row

__all__ = [
    "Example",
    "Gap",
    "Idle",
    "Outlier",
    "Overlap",
    "Sliver",
    "TableAnalysis",
    "analyse",
    "asks_for_a_row",
]
