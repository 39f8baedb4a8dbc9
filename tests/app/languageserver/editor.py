"""An editor as far as the server can tell: a real client process over standard input and output."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.uris import from_fs_path, to_fs_path

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "incoming-quality"
PATIENCE = 20


class Editor:
    """Opens, types and asks; `findings` are the last ones sent for each file."""

    def __init__(self, folder: Path, client: LanguageClient) -> None:
        self.folder = folder
        self.client = client
        self.findings: dict[str, list[lsp.Diagnostic]] = {}
        self.texts: dict[str, str] = {}
        self._news = asyncio.Event()
        self._version = 1

    def uri(self, file: str) -> str:
        return from_fs_path(str(self.folder / file)) or ""

    def heard(self, params: lsp.PublishDiagnosticsParams) -> None:
        file = Path(to_fs_path(params.uri) or "").relative_to(self.folder).as_posix()
        self.findings[file] = list(params.diagnostics)
        self._news.set()

    def open(self, file: str) -> str:
        text = (self.folder / file).read_text("utf-8") if (self.folder / file).exists() else ""
        self.texts[file] = text
        item = lsp.TextDocumentItem(self.uri(file), "mw", self._version, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return text

    def type(self, file: str, text: str) -> None:
        """The whole text anew."""
        self._version += 1
        self.texts[file] = text
        document = lsp.VersionedTextDocumentIdentifier(self._version, self.uri(file))
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))

    async def until(self, holds: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not holds():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), PATIENCE)

    def codes(self, file: str) -> list[tuple[str, int]]:
        """Code and line (from 1) of every finding."""
        return [(str(d.code), d.range.start.line + 1) for d in self.findings.get(file, [])]

    def at(self, file: str, marked: str) -> dict[str, Any]:
        """The place of the caret `^` in a piece of the text, in UTF-16 units."""
        before, after = marked.split("^")
        offset = self.texts[file].index(before + after) + len(before)
        lines = self.texts[file][:offset].split("\n")
        position = lsp.Position(len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)
        return {"text_document": lsp.TextDocumentIdentifier(self.uri(file)), "position": position}

    def apply(self, edit: lsp.WorkspaceEdit) -> dict[str, str]:
        """What the files are after an edit."""
        changed = {}
        for uri, edits in (edit.changes or {}).items():
            path = Path(to_fs_path(uri) or "")
            file = path.relative_to(self.folder).as_posix()
            changed[file] = applied(self.texts.get(file, path.read_text("utf-8")), edits)
        return changed


def applied(text: str, edits: Any) -> str:
    """A text after edits that count UTF-16 units."""
    lines = text.splitlines(keepends=True)
    starts = [sum(len(line) for line in lines[:n]) for n in range(len(lines) + 1)]

    def offset(at: lsp.Position) -> int:
        if at.line >= len(lines):
            return len(text)
        return starts[at.line] + len(
            lines[at.line].encode("utf-16-le")[: at.character * 2].decode("utf-16-le")
        )

    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


@asynccontextmanager
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor on a copy of the example, its server started; it has to end well."""
    folder = (tmp_path / "rules").resolve()
    shutil.copytree(EXAMPLE, folder)
    client = LanguageClient("tests", "1")
    here = Editor(folder, client)
    client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: here.heard(params))
    await client.start_io(sys.executable, "-m", "app.cli", "lsp", cwd=ROOT)
    await client.initialize_async(
        lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), process_id=None, root_uri=None)
    )
    client.initialized(lsp.InitializedParams())
    try:
        yield here
    finally:
        await client.shutdown_async(None)
        client.exit(None)
        process = client._server
        await client.stop()
        assert process is not None and process.returncode == 0


def played(tmp_path: Path, story: Callable[[Editor], Awaitable[None]]) -> None:
    """Run a story in an editor."""

    async def run() -> None:
        async with editor(tmp_path) as here:
            await story(here)

    asyncio.run(run())
