"""M23x, M33x, M63x: what may be said, but is most likely a slip."""

from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Severity

_MAP = "map m : nc in erp.notice -> canon.case\n  on missing reject\n  on error reject\n  on no_match reject\n{}end"
_FLOW = '\nflow f\n  receive erp.notices as nc : erp.notice "v1"\n  map with m\nend'


def _map(*lines: str) -> str:
    return _MAP.format("".join(f"  {line}\n" for line in ("id = nc.number", "severity = minor", *lines)))


def _table(*rows: str) -> str:
    head = "  | row | qty: decimal => hold: boolean |\n"
    return (
        f"table t policy unique\n{head}"
        + "".join(f"  {row}\n" for row in (*rows, "otherwise => false |"))
        + "end"
    )


_SKIP = (
    "note = nc.lot on missing skip",
    "found_at = missing on missing skip",
    "weight = nc.weight on missing skip",
)
_STEPS = (
    "| a | < 10 => 1 | 2 |",
    "| b | [10..20) => 2 | 3 |",
    "| c | [20..30) => 3 | 4 |",
    "| d | [30..40) => 4 | 5 |",
)


def _steps(*rows: str) -> str:
    head = "table t policy unique\n  | row | qty: decimal => accept: integer | reject: integer |\n"
    return head + "".join(f"  {row}\n" for row in rows) + "end"


CODES = (
    CodeSpec(
        "M230",
        "Optional field rejects the message",
        "a missing value for `{target}` rejects the whole message, though `{target}` may be left out",
        "The other optional fields of this map say themselves what happens where their value is missing; this one "
        "falls back on `on missing reject` of the map. Say `on missing skip`, or `on missing reject` if it is meant.",
        _map(*_SKIP, "found_on = nc.found_on"),
        _map(*_SKIP, "found_on = nc.found_on on missing skip"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M330",
        "Name is never used",
        "`{name}` is never used",
        "A `let` or a parameter that nothing reads: either its name is misspelt where it should be read, or it can go.",
        _map("let lot = nc.lot on missing skip"),
        _map("let lot = nc.lot on missing skip", "note = lot on missing skip"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M331",
        "Declaration is never used",
        "nothing that runs uses the {kind} `{name}`",
        "No flow leads to it. Use it, or remove it; what only tests use does not count.",
        _map() + _FLOW + '\nlookup codes : text -> severity\n  | "A" => minor |\nend',
        _map("note = lookup codes(nc.unit)") + _FLOW + '\nlookup codes : text -> text\n  | "A" => "B" |\nend',
        Severity.WARNING,
    ),
    CodeSpec(
        "M332",
        "Element that the layout does not declare",
        "the layout of `{segment}` does not declare element {element}",
        "A layout that declares elements of a segment names those that are read. Correct the number, or declare the "
        "element in the layout first.",
        "# a path to element 12 of a segment whose layout declares 01 and 02",
        "# the same path to 02",
        Severity.WARNING,
    ),
    CodeSpec(
        "M630",
        "Only a sliver is left",
        "between rows `{first}` and `{second}` only {example} is left to {rest}",
        "Both rows next to it decide by themselves; what lies between them is a single value or step. Mostly a bound is "
        "open that should be closed, or one too high. If it is meant, give it a row of its own.",
        _table("| r1 | < 5 => true |", "| r2 | > 5 => true |"),
        _table("| r1 | < 5 => true |", "| r2 | >= 5 => true |"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M631",
        "Row breaks the pattern of the others",
        "in row `{row}` {found}, but {pattern} in all other rows",
        "Where one row of many goes against what all the others show, a value is mostly mistyped or two are swapped. "
        "Compare the row with its source.",
        _steps(*_STEPS, "| e | >= 40 => 6 | 5 |"),
        _steps(*_STEPS, "| e | >= 40 => 5 | 6 |"),
        Severity.WARNING,
    ),
    CodeSpec(
        "M632",
        "Not every row was looked at",
        "`{table}` is too large to look for rows that change nothing; there may be more than are named",
        "Gaps and overlaps are found all the same. Fewer ranges that overlap, or two tables, make the search shorter.",
        "# thousands of rows under `first` with ranges that overlap in many columns",
        "# the same in two tables",
        Severity.INFO,
    ),
    CodeSpec(
        "M633",
        "Condition that is not analysed",
        "cells `? condition` of `{table}` are not analysed for gaps, overlaps and rows that change nothing",
        "A free condition may fit anything, so its row never counts as an answer, and never as sure to be reached. "
        "Write it as cells where that is possible.",
        "table t policy first\n  | row | qty: decimal => hold: boolean |\n  | r1 | ? qty * 2 > 5 => true |\n"
        "  otherwise => false |\nend",
        "table t policy first\n  | row | qty: decimal => hold: boolean |\n  | r1 | > 2.5 => true |\n"
        "  otherwise => false |\nend",
        Severity.INFO,
    ),
)
