"""The questions of an editor, each answered by a module of the language."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from app.languageserver.folders import Folders, root_of
from app.languageserver.places import Places, below
from dsl.diagnostics import Diagnostic
from dsl.manifest import FILE as MANIFEST
from dsl.source import Span

QUIET = 0.2
"""Seconds without a change after which findings are sent."""


class Server(LanguageServer):
    """pygls with the rule sets of this editor."""

    def __init__(self) -> None:
        super().__init__("mapwright", version("mapwright"), lsp.TextDocumentSyncKind.Incremental)
        self.folders = Folders()
        self._waiting: dict[Path, asyncio.TimerHandle] = {}
        self._shown: dict[Path, set[str]] = {}

    def open_texts(self) -> Mapping[Path, str]:
        """The texts that the editor holds, saved or not."""
        documents = self.workspace.text_documents
        named = ((to_fs_path(uri), document) for uri, document in documents.items())
        return {Path(path).resolve(): document.source for path, document in named if path}

    def look(self, uri: str) -> tuple[Places, str] | None:
        """The rule set of a file, and the path of the file in it; None for what is no file."""
        path = to_fs_path(uri)
        if not path or not uri.startswith("file:"):
            return None
        file = Path(path).resolve()
        root = root_of(file)
        state = self.folders.state(root, self.open_texts())
        return Places(state, str(self.workspace.position_encoding.value)), file.relative_to(root).as_posix()  # type: ignore[union-attr]

    def changed(self, uri: str) -> None:
        """A text may be another: send findings when typing rests."""
        self.folders.touched()
        path = to_fs_path(uri)
        if not path or not uri.startswith("file:"):
            return
        root = root_of(Path(path).resolve())
        earlier = self._waiting.pop(root, None)
        if earlier is not None:
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[root] = loop.call_later(QUIET, self._send_findings, root, uri)

    def changed_everywhere(self) -> None:
        """Files changed behind the editor's back."""
        self.folders.touched()
        for document in self.workspace.text_documents.values():
            self.changed(document.uri)

    def _send_findings(self, root: Path, uri: str) -> None:
        self._waiting.pop(root, None)
        looked = self.look(uri)
        if looked is None:
            return
        places, _ = looked
        by_file: dict[str, list[lsp.Diagnostic]] = {path: [] for path in below(root, self.open_texts())}
        for found in places.state.judged.diagnostics:
            shown = _where_it_can_be_seen(found, places, by_file)
            by_file.setdefault(shown.file, []).append(places.finding(shown))
        for file in self._shown.get(root, set()) - set(by_file):
            by_file[file] = []
        for file, findings in by_file.items():
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(places.uri(file), findings))
        self._shown[root] = {file for file, findings in by_file.items() if findings}


def _where_it_can_be_seen(found: Diagnostic, places: Places, opened: Mapping[str, object]) -> Diagnostic:
    """A missing ruleset.toml is said where somebody looks: at the top of an open file."""
    if found.file != MANIFEST or MANIFEST in places.state.files or not opened:
        return found
    return Diagnostic(
        found.code, found.severity, found.message, min(opened), Span(0, 0), found.subject, (), found.help, ()
    )
