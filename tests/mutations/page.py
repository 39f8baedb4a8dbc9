"""The page that says what single edits of the examples come to."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from tests.mutations.verdicts import Verdict, shares

_HEAD = """# What single mistakes come to

`make mutations` makes this page: {count} single edits of the example rule sets, drawn from seed {seed}, as many of each kind as
there are. An edit counts as a mistake where the rule set no longer checks, or where what it makes differs: of the samples,
of variants of them with values gone or odd, or of a table on its bounds. {same} edits changed nothing and are not counted
(two rows of a `unique` table in another order, a handler that says what the map says anyway).

Of {worse} mistakes the checker names **{named:.1%}**, as an error or a warning; {tested} more make a test block of the example fail, so
that **{caught:.1%}** can't be released unnoticed. Of those that the checker names, **{on_line:.1%}** are named on the line of the edit: the
finding or one of its labels stands there, and for a line left out, at the head of its block, at the line in its place, or
where something reads what is gone.

| kind of edit | mistakes | error | warning | a test fails | nothing | on the right line |
|---|---|---|---|---|---|---|
"""
_WHY = """
## What no checker can know

Each of these is a rule set that is in order and means something else. What tells them apart is a test, a sample, or a reader:

- **Another unit or code in a value map.** `"LB" => "LBR"` and `"LB" => "KGM"` are both possible; which is right stands in a standard
  or a contract. Where a schema says the unit of a field (`x-unit`, `x-currency`), or two units can't be converted, it is an error.
- **Another length of time.** `24 hours` and `24 days` are both deadlines.
- **A bound without a neighbour.** Between two rows that meet, a bound that moves leaves a gap or an overlap, and is named. Where
  nothing begins on the other side, `>= 1000.00 USD` and `>= 1001.00 USD` are equally good.
- **A handler left out where the map has an answer of its own.** `on no_match reject` of the map holds for every line without a handler
  of its own. For optional fields that most lines of a map handle themselves it is a warning (M230); for a `let` or a required field the
  policy is as likely meant.
- **Another element that exists.** `ISA 06` and `ISA 07` are both texts.

Below, every mistake that the checker did not name, and every one named elsewhere.

| edit | where | what came of it |
|---|---|---|
"""
_FOUND = {
    "tests": "a test of the example fails",
    "nothing": "nothing",
    "error": "named elsewhere",
    "warning": "named elsewhere",
}


def page(verdicts: Sequence[Verdict], seed: int) -> str:
    """The page as Markdown."""
    worse = [v for v in verdicts if v.found != "same"]
    named, on_line = shares(verdicts)
    tested = sum(v.found == "tests" for v in worse)
    head = _HEAD.format(
        count=len(verdicts),
        seed=seed,
        same=len(verdicts) - len(worse),
        worse=len(worse),
        named=named,
        tested=tested,
        caught=named + tested / len(worse),
        on_line=on_line,
    )
    ordered = sorted(worse, key=lambda v: v.edit.kind)
    rows = [_row(kind, list(group)) for kind, group in groupby(ordered, key=lambda v: v.edit.kind)]
    left = [v for v in ordered if v.found in ("tests", "nothing") or not v.on_line]
    return head + "".join(rows) + _WHY + "".join(map(_entry, left))


def _row(kind: str, of: Sequence[Verdict]) -> str:
    counts = Counter(v.found for v in of)
    lines = f"{sum(v.on_line for v in of)} of {counts['error'] + counts['warning']}"
    cells = [kind, len(of), counts["error"], counts["warning"], counts["tests"], counts["nothing"], lines]
    return f"| {' | '.join(map(str, cells))} |\n"


def _entry(verdict: Verdict) -> str:
    said = f"{_FOUND[verdict.found]}: {verdict.said}" if verdict.said else _FOUND[verdict.found]
    words = " ".join(verdict.edit.words.split()).replace("|", "\\|")
    place = f"{verdict.example}/{verdict.edit.path}:{verdict.line}"
    return f"| {verdict.edit.kind}: {words} | {place} | {said.replace('|', chr(92) + '|')} |\n"
