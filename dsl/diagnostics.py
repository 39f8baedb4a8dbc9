"""What is wrong with a rule set, as data: forms, editors, terminals and pipelines show the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dsl.source import Source, Span


class Severity(StrEnum):
    """How bad: an error stops a release, a warning does not, an info says what was not looked at."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Label:
    """A further place that belongs to the finding, with a few words."""

    file: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a span of a file by other text (an empty span inserts)."""

    file: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that would settle the finding, as the button says it."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a code of `dsl.codes`, where it stands, what would be right.

    `subject` names the construct without line numbers, so that a form finds its row:
    `map/sap_nc/severity`, `table/disposition/r3`, `rules/containment/hold_stock`.
    """

    code: str
    severity: Severity
    message: str
    file: str
    span: Span
    subject: str = ""
    labels: tuple[Label, ...] = ()
    help: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = field(default=())


def to_json(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, Any]:
    """The shape of `check --json`: positions as line and column, counted from 1."""
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        **_place(diagnostic.file, diagnostic.span, sources),
        "subject": diagnostic.subject,
        "labels": [
            {**_place(label.file, label.span, sources), "message": label.message}
            for label in diagnostic.labels
        ],
        "help": list(diagnostic.help),
        "fixes": [
            {
                "title": fix.title,
                "edits": [{**_place(e.file, e.span, sources), "text": e.text} for e in fix.edits],
            }
            for fix in diagnostic.fixes
        ],
    }


def _place(file: str, span: Span, sources: Mapping[str, Source]) -> dict[str, Any]:
    source = sources.get(file, Source(file, ""))
    line, column = source.position(min(span.start, len(source.text)))
    end_line, end_column = source.position(min(span.end, len(source.text)))
    return {
        "file": file,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
