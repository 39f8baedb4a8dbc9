"""Spans, findings and edits as the protocol has them, in the units this client counts columns in."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import from_fs_path

from app.languageserver.folders import State
from dsl.diagnostics import Diagnostic, Edit, Severity
from dsl.navigation import Place
from dsl.positions import from_editor, to_editor
from dsl.source import Source, Span


class Places:
    """Turns places of one state of a rule set into the protocol's, and back."""

    def __init__(self, state: State, encoding: str) -> None:
        self.state = state
        self._encoding = encoding

    def uri(self, file: str) -> str:
        """The address of a file of the rule set."""
        return from_fs_path(str(self.state.root / file)) or ""

    def source(self, file: str) -> Source:
        """Its text; empty for a file that is no text of the language."""
        return self.state.program.sources.get(file) or Source(file, "")

    def offset(self, file: str, position: lsp.Position) -> int:
        """The character at a position."""
        return from_editor(self.source(file), position.line, position.character, self._encoding)

    def position(self, file: str, offset: int) -> lsp.Position:
        """The position of a character."""
        return lsp.Position(*to_editor(self.source(file), offset, self._encoding))

    def range(self, file: str, span: Span) -> lsp.Range:
        """A span as a range."""
        return lsp.Range(self.position(file, span.start), self.position(file, span.end))

    def location(self, place: Place) -> lsp.Location:
        """A place as a location."""
        return lsp.Location(self.uri(place.file), self.range(place.file, place.span))

    def edits(self, edits: Iterable[Edit]) -> lsp.WorkspaceEdit:
        """Edits of several files; those of one file in its order."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for edit in sorted(edits, key=lambda e: (e.file, e.span)):
            changes.setdefault(self.uri(edit.file), []).append(
                lsp.TextEdit(self.range(edit.file, edit.span), edit.text)
            )
        return lsp.WorkspaceEdit(changes=changes)

    def finding(self, found: Diagnostic) -> lsp.Diagnostic:
        """A finding with its help in the message and its labels as related places."""
        severity = (
            lsp.DiagnosticSeverity.Error
            if found.severity is Severity.ERROR
            else lsp.DiagnosticSeverity.Warning
        )
        related = [
            lsp.DiagnosticRelatedInformation(self.location(Place(label.file, label.span)), label.message)
            for label in found.labels
        ]
        return lsp.Diagnostic(
            range=self.range(found.file, found.span),
            message="\n".join((found.message, *found.help)),
            severity=severity,
            code=found.code,
            source="mapwright",
            related_information=related or None,
        )


def line_edits(before: str, after: str) -> list[lsp.TextEdit]:
    """The changed lines alone, so that the cursor stays where it was."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    edits = []
    for tag, start, end, from_, to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            place = lsp.Range(lsp.Position(start, 0), lsp.Position(end, 0))
            edits.append(lsp.TextEdit(place, "".join(new[from_:to])))
    return edits


def below(root: Path, texts: Mapping[Path, str]) -> list[str]:
    """The open files of a rule set, as paths in it."""
    return [path.relative_to(root).as_posix() for path in texts if path.is_relative_to(root)]
