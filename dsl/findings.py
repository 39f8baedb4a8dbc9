"""What can be wrong with the text of a module: one method a code, so that each is said in one way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dsl.codes import diagnostic
from dsl.diagnostics import Diagnostic, Edit, Fix
from dsl.literals import LiteralFault
from dsl.source import Span
from dsl.units import unit_fault

UNITS_OF_TIME = {
    "s": "seconds", "sec": "seconds", "secs": "seconds", "min": "minutes", "mins": "minutes", "h": "hours", "hr": "hours",
    "hrs": "hours", "d": "days", "wk": "weeks", "workdays": "business_days", "working_days": "business_days",
    "businessdays": "business_days",
}  # fmt: skip

MAX_FINDINGS = 1_000


@dataclass(slots=True)
class Findings:
    """Collects what is wrong with one module; `subject` is the declaration that is being read.

    `unbalanced` counts blocks without `end` and ends without block.
    """

    file: str
    subject: str = ""
    found: list[Diagnostic] = field(default_factory=list)
    unbalanced: int = 0

    @property
    def full(self) -> bool:
        """Whether there are more than anybody reads; further ones need no help."""
        return len(self.found) >= MAX_FINDINGS

    def not_understood(
        self, span: Span, found: str, help: Iterable[str] = (), fixes: Iterable[Fix] = ()
    ) -> None:
        """The grammar has no place for this."""
        self._add("M101", span, help=help, fixes=fixes, found=found)

    def unended(self, span: Span, construct: str) -> None:
        """A block without `end`."""
        self.unbalanced += 1
        self._add("M102", span, construct=construct)

    def stray(self, span: Span, word: str) -> None:
        """An `end` or `else` without block."""
        self.unbalanced += 1
        self._add("M103", span, found=word)

    def character(self, span: Span, called: str, help: Iterable[str] = (), fixes: Iterable[Fix] = ()) -> None:
        """A character that must not stand there."""
        self._add("M104", span, help=help, fixes=fixes, character=called)

    def unclosed_text(self, span: Span) -> None:
        """A text without its closing quote."""
        self._add("M105", span, fixes=(self.fix("Close the text", Span(span.end, span.end), '"'),))

    def unclosed_bracket(self, span: Span, bracket: str) -> None:
        """A bracket without its partner."""
        self._add("M106", span, found=f"`{bracket}`")

    def too_deep(self, span: Span, limit: int) -> None:
        """Brackets, blocks or an expression nested beyond the limit."""
        self._add("M107", span, limit=limit)

    def too_large(self, limit: int, size: int) -> None:
        """A module of too many characters."""
        self._add("M108", Span(0, 0), limit=limit, size=size)

    def literal(self, span: Span, fault: LiteralFault) -> None:
        """A literal without a value."""
        self._add(fault.code, span, **fault.words)

    def width(self, span: Span, found: int, expected: int, subject: str = "") -> None:
        """A row with another number of cells than its table."""
        self._add("M111", span, subject, found=found, expected=expected)

    def said_twice(self, span: Span, what: str) -> None:
        """What a block says once, said again."""
        self._add("M112", span, what=what)

    def part_missing(self, span: Span, construct: str, part: str) -> None:
        """A block without a part it needs."""
        self._add("M113", span, construct=construct, part=part)

    def no_unit(self, span: Span, found: str) -> None:
        """A word after a number that is no unit."""
        meant = UNITS_OF_TIME.get(found.lower())
        known = (meant,) if meant else (unit_fault(found) or ("", ()))[1]
        fixes = [self.fix(f"Replace by `{unit}`", span, unit) for unit in known]
        help_ = [f"Did you mean `{'` or `'.join(known)}`?"] if known else []
        self._add("M114", span, help=help_, fixes=fixes, found=found)

    def upper_case(self, span: Span, name: str) -> None:
        """A name of the analyst that is not lower case."""
        self._add("M116", span, found=name)

    def fix(self, title: str, span: Span, text: str) -> Fix:
        """A fix of one edit in this module."""
        return Fix(title, (Edit(self.file, span, text),))

    def _add(self, code: str, span: Span, subject: str = "", **words: Any) -> None:
        self.found.append(diagnostic(code, self.file, span, subject or self.subject, **words))
