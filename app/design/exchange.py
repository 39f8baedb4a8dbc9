"""Tables and value maps of other tools brought into a rule set, and taken out as files.

What a file holds becomes a proposal: the texts that would change, shown before anything is written. A
table that the rule set has already is replaced where it stands; a new one gets a module of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from app.design import trials
from app.design.errors import ImportRefused
from app.design.inference import propose_schema
from app.errors import NotFound
from dsl import syntax, types
from dsl.errors import ExchangeError
from dsl.exchange.content import Imported
from dsl.exchange.importing import export, import_dmn, import_sheet
from dsl.exchange.inference import FieldNote
from dsl.exchange.sheet_reading import Wish
from dsl.parser import Parsed, parse
from dsl.program import Program
from dsl.source import Source
from dsl.tree import parse_tree

FORMATS = {".dmn": "dmn", ".xml": "dmn", ".csv": "csv", ".xlsx": "xlsx"}
MEDIA_TYPES = {
    "dmn": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """Texts by path as they would be, the names that came in, what the reader noticed; of samples what was seen of each field."""

    texts: Mapping[str, str]
    names: tuple[str, ...]
    warnings: tuple[str, ...]
    fields: tuple[FieldNote, ...] = ()
    samples: int = 0


def propose(files: Mapping[str, bytes], file_name: str, content: bytes, wish: Wish) -> Proposal:
    """What a file would change: tables of a DMN, CSV or XLSX, or a schema; ImportRefused with every fault of the file."""
    if wish.kind == "schema" or PurePosixPath(file_name).suffix.lower() in (
        ".json",
        ".ndjson",
        ".jsonl",
        ".xsd",
    ):
        return _schema(files, file_name, content, wish)
    format = FORMATS.get(PurePosixPath(file_name).suffix.lower())
    if format is None:
        raise ImportRefused(f"{file_name} is no DMN, CSV or Excel file (.dmn, .xml, .csv, .xlsx)")
    if len(content) > LARGEST:
        raise ImportRefused(f"{file_name} is larger than {LARGEST // 1_000_000} MB")
    try:
        read = import_dmn(content, wish.name) if format == "dmn" else import_sheet(content, format, wish)
    except ExchangeError as error:
        raise ImportRefused(error.message, error.details) from error
    return Proposal(_placed(files, read), read.names, tuple(read.warnings))


def _schema(files: Mapping[str, bytes], file_name: str, content: bytes, wish: Wish) -> Proposal:
    if len(content) > LARGEST:
        raise ImportRefused(f"{file_name} is larger than {LARGEST // 1_000_000} MB")
    root = wish.outputs[0] if wish.outputs else ""
    path, text, (_, fields, samples, warnings) = propose_schema(file_name, content, wish.name, root)
    changed = {} if files.get(path) == text.encode() else {path: text}
    return Proposal(
        changed, (path.removeprefix("schemas/").removesuffix(".json"),), warnings, fields, samples
    )


def take_out(files: Mapping[str, bytes], name: str, format: str) -> bytes:
    """A table or an inline value map as a file; NotFound where the rule set has none of that name."""
    program = trials.check_files(files)
    found = program.tables.get(name) or program.lookups.get(name)
    if found is None or found.path not in program.sources:
        raise NotFound(f"the rule set has no table or value map {name} in its modules")
    try:
        return export(parse(program.sources[found.path]), name, format, enumerations(program))
    except ExchangeError as error:
        raise ImportRefused(error.message, error.details) from error


def enumerations(program: Program) -> dict[str, tuple[str, ...]]:
    """The named enumerations of all schemas, as a DMN file lists them."""
    return {
        name: of.values
        for schema in program.schemas.values()
        for name, of in schema.definitions.items()
        if isinstance(of, types.Enum)
    }


def _placed(files: Mapping[str, bytes], read: Imported) -> dict[str, str]:
    """Each declaration in the place of the one it replaces, or in a module of its own."""
    came = parse(Source("import.mw", read.text))
    modules = {
        path: content.decode("utf-8", "replace") for path, content in files.items() if path.endswith(".mw")
    }
    texts: dict[str, str] = {}
    for node in came.module.declarations:
        if not isinstance(node, syntax.Table | syntax.Lookup):
            continue
        present = _standing(modules | texts, node)
        if present is None:
            texts[_new_path(files, node)] = _own_module(came, node)
        else:
            path, old = present
            text = (modules | texts)[path]
            block = _laid_out(text[old.span.start : old.span.end], came.source.slice(node.span))
            texts[path] = text[: old.span.start] + block + text[old.span.end :]
    return {path: text for path, text in texts.items() if modules.get(path) != text}


def _standing(
    modules: Mapping[str, str], node: syntax.Table | syntax.Lookup
) -> tuple[str, syntax.Table | syntax.Lookup] | None:
    for path, text in sorted(modules.items()):
        for declared in parse(Source(path, text)).module.declarations:
            if isinstance(declared, syntax.Table | syntax.Lookup) and declared.name == node.name:
                return path, declared
    return None


def _laid_out(old: str, new: str) -> str:
    """The new lines, each as it stood before where it says the same: white space is no change."""
    before, after = old.splitlines(), new.splitlines()
    match = SequenceMatcher(
        None, [_words(line) for line in before], [_words(line) for line in after], autojunk=False
    )
    for block in match.get_matching_blocks():
        after[block.b : block.b + block.size] = before[block.a : block.a + block.size]
    return "\n".join(after)


def _words(line: str) -> tuple[str, ...]:
    return tuple(token.text for token in parse_tree(line).tokens if not token.text.isspace())


def _new_path(files: Mapping[str, bytes], node: syntax.Table | syntax.Lookup) -> str:
    folder = "tables" if isinstance(node, syntax.Table) else "maps"
    path, number = f"{folder}/{node.name}.mw", 2
    while path in files:
        path, number = f"{folder}/{node.name}_{number}.mw", number + 1
    return path


def _own_module(came: Parsed, node: syntax.Table | syntax.Lookup) -> str:
    uses = "".join(came.source.slice(use.span) + "\n" for use in came.module.uses)
    return (
        "\n".join([uses, came.source.slice(node.span) + "\n"])
        if uses
        else came.source.slice(node.span) + "\n"
    )
