"""Every diagnostic of the language: its code, its words, its page in the reference.

Codes are data in one module a family (`text` M1xx, the checker's families beside
them); this package joins them into `CODES` and makes diagnostics out of them. A new code is one
`CodeSpec` in the list of its family. M1 text, M2 required and set fields, M3 names and paths,
M4 types, M5 failures, M6 tables and lookups, M7 rules and flows, M8 rule set, schemas and tests,
M9 stood for what a version did not run yet, and is not used again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dsl.codes import (
    actions,
    failures,
    fields,
    flows,
    names,
    oddities,
    rulesets,
    steps,
    tables,
    text,
    typing,
)
from dsl.codes.spec import CodeSpec
from dsl.diagnostics import Diagnostic, Fix, Label, Severity
from dsl.source import Span

__all__ = ["CODES", "CodeSpec", "Severity", "diagnostic"]

FAMILIES: tuple[tuple[CodeSpec, ...], ...] = (
    text.CODES, fields.CODES, names.CODES, typing.CODES, failures.CODES, tables.CODES, flows.CODES,
    actions.CODES, steps.CODES, rulesets.CODES, oddities.CODES,
)  # fmt: skip


def _joined(families: Iterable[tuple[CodeSpec, ...]]) -> dict[str, CodeSpec]:
    codes: dict[str, CodeSpec] = {}
    for spec in (spec for family in families for spec in family):
        if spec.code in codes:
            raise ValueError(f"{spec.code} is declared twice")
        codes[spec.code] = spec
    return codes


CODES: Mapping[str, CodeSpec] = _joined(FAMILIES)


def diagnostic(
    code: str,
    file: str,
    span: Span,
    /,
    subject: str = "",
    labels: Iterable[Label] = (),
    help: Iterable[str] = (),
    fixes: Iterable[Fix] = (),
    **words: Any,
) -> Diagnostic:
    """The diagnostic of a code at a place; `words` fill its message."""
    spec = CODES[code]
    return Diagnostic(
        code=code,
        severity=spec.severity,
        message=spec.message.format(**words),
        file=file,
        span=span,
        subject=subject,
        labels=tuple(labels),
        help=tuple(help),
        fixes=tuple(fixes),
    )
