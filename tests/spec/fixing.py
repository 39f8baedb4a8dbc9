"""Fixes, applied: each has to settle the finding that offers it."""

from collections.abc import Iterator

from dsl.checker import check
from dsl.diagnostics import Diagnostic, Fix
from dsl.edits import apply_edits
from dsl.program import Program

Files = dict[str, bytes]


def samples(sources: Files) -> Files:
    """The samples among the files of a rule set."""
    return {path: content for path, content in sources.items() if path.startswith("samples/")}


def codes_in(program: Program) -> list[str]:
    """The codes of all findings, in order."""
    return sorted(d.code for d in program.diagnostics)


def unsettled(sources: Files, program: Program, diagnostic: Diagnostic) -> Iterator[str]:
    """The fixes of a finding that leave it where it was, or break the text."""
    for fix in diagnostic.fixes:
        before, after = codes_in(program), codes_in(check(applied(sources, program, fix), samples(sources)))
        if after.count(diagnostic.code) >= before.count(diagnostic.code):
            yield f"{diagnostic.code} stays after {fix.title!r}"
        if after.count("M101") > before.count("M101"):
            yield f"{diagnostic.code} breaks the text by {fix.title!r}"


def applied(sources: Files, program: Program, fix: Fix) -> Files:
    """The files once a fix is applied."""
    found = dict(sources)
    for path in {edit.file for edit in fix.edits}:
        edits = [edit for edit in fix.edits if edit.file == path]
        found[path] = apply_edits(program.sources[path].text, edits).encode()
    return found
