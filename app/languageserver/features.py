"""What the server can do, registered: one function a question."""

from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from app.languageserver.places import Places, line_edits
from app.languageserver.server import Server
from dsl import completion, navigation, printer
from dsl.diagnostics import Fix
from dsl.navigation import Entry, RenameRefused
from dsl.source import Span

REQUEST_FAILED = -32803
ITEM_KINDS = {
    "function": lsp.CompletionItemKind.Function, "field": lsp.CompletionItemKind.Field,
    "target": lsp.CompletionItemKind.Property, "variable": lsp.CompletionItemKind.Variable,
    "value": lsp.CompletionItemKind.EnumMember, "keyword": lsp.CompletionItemKind.Keyword,
    "lookup": lsp.CompletionItemKind.Reference, "table": lsp.CompletionItemKind.Struct,
    "map": lsp.CompletionItemKind.Module, "rules": lsp.CompletionItemKind.Module,
    "endpoint": lsp.CompletionItemKind.Interface, "schema": lsp.CompletionItemKind.Class,
}  # fmt: skip
SYMBOL_KINDS = {
    "map": lsp.SymbolKind.Module, "table": lsp.SymbolKind.Struct, "lookup": lsp.SymbolKind.Object,
    "rules": lsp.SymbolKind.Class, "rule": lsp.SymbolKind.Method, "flow": lsp.SymbolKind.Interface,
    "test": lsp.SymbolKind.Event, "function": lsp.SymbolKind.Function, "field": lsp.SymbolKind.Field,
    "each": lsp.SymbolKind.Array, "let": lsp.SymbolKind.Variable, "row": lsp.SymbolKind.EnumMember,
    "type": lsp.SymbolKind.Enum, "dataset": lsp.SymbolKind.Object,
}  # fmt: skip
At = lsp.TextDocumentPositionParams


def build() -> Server:
    """A server with everything it answers."""
    server = Server()
    for name, options, answer in FEATURES:
        server.feature(name, options)(answer)
    return server


def opened(ls: Server, params: Any) -> None:
    """A text was opened, changed, saved or closed."""
    ls.changed(params.text_document.uri)


def files_changed(ls: Server, _params: lsp.DidChangeWatchedFilesParams) -> None:
    """Files changed on disk."""
    ls.changed_everywhere()


async def initialized(ls: Server, _params: lsp.InitializedParams) -> None:
    """Ask the editor to tell of changes on disk, where it can."""
    workspace = ls.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched and watched.dynamic_registration:
        watchers = [lsp.FileSystemWatcher(f"**/*.{suffix}") for suffix in ("mw", "toml", "json", "csv")]
        options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = lsp.Registration("mapwright-files", method, options)
        await ls.client_register_capability_async(lsp.RegistrationParams([registration]))


def complete(ls: Server, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    """What can stand at a place."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    offset = places.offset(file, params.position)
    text = places.source(file).text
    start = offset
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    replaced = places.range(file, Span(start, offset))
    entries = completion.complete(places.state.program, file, offset)
    return [_item(entry, number, replaced) for number, entry in enumerate(entries)]


def _item(entry: dict[str, str], number: int, replaced: lsp.Range) -> lsp.CompletionItem:
    return lsp.CompletionItem(
        label=entry["label"],
        kind=ITEM_KINDS.get(entry["kind"], lsp.CompletionItemKind.Text),
        detail=entry["detail"] or None,
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, entry["doc"]) if entry["doc"] else None,
        sort_text=f"{number:04}",
        filter_text=entry["label"],
        text_edit=lsp.TextEdit(replaced, entry["insert"]),
    )


def hover(ls: Server, params: At) -> lsp.Hover | None:
    """What stands at a place."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return None
    places, file = looked
    state = places.state
    shown = navigation.hover(state.program, file, places.offset(file, params.position), state.index)
    if shown is None:
        return None
    words = [f"```mw\n{shown['title']}\n```", shown["detail"], shown["doc"]]
    text = "\n\n".join(word for word in words if word)
    return lsp.Hover(
        lsp.MarkupContent(lsp.MarkupKind.Markdown, text),
        places.range(file, Span(shown["start"], shown["end"])),
    )


def definition(ls: Server, params: At) -> list[lsp.Location]:
    """Where it is declared."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    found = navigation.definition(places.state.index, file, places.offset(file, params.position))
    return [places.location(place) for place in found]


def references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Every place that names it, in the whole rule set."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    offset = places.offset(file, params.position)
    found = navigation.references(places.state.index, file, offset, params.context.include_declaration)
    return [places.location(place) for place in found]


def highlight(ls: Server, params: At) -> list[lsp.DocumentHighlight]:
    """The same name in this text."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    found = navigation.references(places.state.index, file, places.offset(file, params.position))
    return [lsp.DocumentHighlight(places.range(file, place.span)) for place in found if place.file == file]


def prepare_rename(ls: Server, params: At) -> lsp.Range | None:
    """The name that would be changed; an error says why it can't."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return None
    places, file = looked
    try:
        found = navigation.nameable(places.state.index, file, places.offset(file, params.position))
    except RenameRefused as refused:
        raise JsonRpcException(refused.message, REQUEST_FAILED) from None
    return places.range(file, found.span)


def rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    """The edits of a rename in the whole rule set."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return None
    places, file = looked
    offset = places.offset(file, params.position)
    try:
        edits = navigation.rename(places.state.texts, places.state.index, file, offset, params.new_name)
    except RenameRefused as refused:
        raise JsonRpcException(refused.message, REQUEST_FAILED) from None
    return places.edits(edits)


def outline(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The names of a module as a tree."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    return [_symbol(entry, places, file) for entry in navigation.outline(places.state.program, file)]


def _symbol(entry: Entry, places: Places, file: str) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        name=entry.name,
        kind=SYMBOL_KINDS.get(entry.kind, lsp.SymbolKind.Object),
        range=places.range(file, entry.span),
        selection_range=places.range(file, entry.name_span),
        detail=entry.detail,
        children=[_symbol(child, places, file) for child in entry.children],
    )


def symbols(ls: Server, params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
    """Declared names of the open rule sets that contain a word."""
    found: dict[tuple[str, int], lsp.WorkspaceSymbol] = {}
    for document in ls.workspace.text_documents.values():
        looked = ls.look(document.uri)
        if looked is None:
            continue
        places, _ = looked
        for one in places.state.index.occurrences:
            if (
                one.declares
                and one.symbol.kind in SYMBOL_KINDS
                and params.query.casefold() in one.symbol.name
            ):
                kind, location = SYMBOL_KINDS[one.symbol.kind], places.location(one.place)
                found[location.uri, one.span.start] = lsp.WorkspaceSymbol(
                    location, one.symbol.name, kind, container_name=one.file
                )
    return list(found.values())


def format_text(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    """The module in its one layout."""
    looked = ls.look(params.text_document.uri)
    if looked is None or not looked[1].endswith(".mw"):
        return []
    source = looked[0].source(looked[1])
    return line_edits(source.text, printer.format_text(source))


def actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The fixes of the findings in a range."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return []
    places, file = looked
    start, end = (places.offset(file, at) for at in (params.range.start, params.range.end))
    offered = []
    for found in places.state.judged.diagnostics:
        if found.file == file and found.span.start <= end and start <= found.span.end:
            only = len(found.fixes) == 1
            offered += [_action(fix, places, places.finding(found), only) for fix in found.fixes]
    return offered


def _action(fix: Fix, places: Places, finding: lsp.Diagnostic, only: bool) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=fix.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[finding],
        is_preferred=only,
        edit=places.edits(fix.edits),
    )


def signature(ls: Server, params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
    """The parameters of the call that is being typed."""
    looked = ls.look(params.text_document.uri)
    if looked is None:
        return None
    places, file = looked
    found = navigation.signature(places.state.program, file, places.offset(file, params.position))
    if found is None:
        return None
    parameters = [lsp.ParameterInformation(words) for words in found.parameters]
    one = lsp.SignatureInformation(found.label, found.doc or None, parameters, found.active)
    return lsp.SignatureHelp([one], 0, found.active)


FEATURES: tuple[tuple[str, Any, Any], ...] = (
    (lsp.INITIALIZED, None, initialized),
    (lsp.TEXT_DOCUMENT_DID_OPEN, None, opened),
    (lsp.TEXT_DOCUMENT_DID_CHANGE, None, opened),
    (lsp.TEXT_DOCUMENT_DID_SAVE, None, opened),
    (lsp.TEXT_DOCUMENT_DID_CLOSE, None, opened),
    (lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, None, files_changed),
    (lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", '"']), complete),
    (lsp.TEXT_DOCUMENT_HOVER, None, hover),
    (lsp.TEXT_DOCUMENT_DEFINITION, None, definition),
    (lsp.TEXT_DOCUMENT_REFERENCES, None, references),
    (lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, None, highlight),
    (lsp.TEXT_DOCUMENT_PREPARE_RENAME, None, prepare_rename),
    (lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True), rename),
    (lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, None, outline),
    (lsp.WORKSPACE_SYMBOL, None, symbols),
    (lsp.TEXT_DOCUMENT_FORMATTING, None, format_text),
    (lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]), actions),
    (lsp.TEXT_DOCUMENT_SIGNATURE_HELP, lsp.SignatureHelpOptions(trigger_characters=["(", ","]), signature),
)
