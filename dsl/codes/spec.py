"""One code of a diagnostic, declared once: the text it prints, its page in the reference, its examples."""

from dataclasses import dataclass

from dsl.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class CodeSpec:
    """What a code stands for; a code is never used again for something else.

    `message` is a format string; its words come from where the diagnostic is made.
    `doc` says why it matters and what to do; `bad` shows a module text that has the
    finding, `good` the same put right.
    """

    code: str
    title: str
    message: str
    doc: str
    bad: str
    good: str
    severity: Severity = Severity.ERROR
