"""Definition, references and rename answer from the whole rule set, by what a name means."""

import tomllib
from pathlib import Path

import pytest

from dsl import checker
from dsl.navigation import Index, RenameRefused, definition, outline, references, rename, signature
from dsl.positions import from_editor, to_editor
from dsl.source import Source

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "incoming-quality"
FILES = {p.relative_to(EXAMPLE).as_posix(): p.read_bytes() for p in sorted(EXAMPLE.rglob("*")) if p.is_file()}
TEXTS = {path: content for path, content in FILES.items() if not path.startswith("samples/")}


@pytest.fixture(scope="module")
def index():
    return Index(checker.check(TEXTS))


def offset(path, marked):
    """The offset of the caret in a piece of a file."""
    before, after = marked.split("^")
    return TEXTS[path].decode().index(before + after) + len(before)


def words(index, places):
    """`file:line word` of each place."""
    shown = []
    for place in places:
        source = index.program.sources.get(place.file)
        line = source.position(place.span.start)[0] if source else 1
        shown.append(f"{place.file}:{line} {source.slice(place.span) if source else ''}".rstrip())
    return shown


@pytest.mark.parametrize(
    ("path", "marked", "declared"),
    [
        ("rules/containment.mw", "table dispo^sition(", "tables/disposition.mw:5 disposition"),
        ("rules/containment.mw", "using to_inventory^_hold", "maps/containment.mw:5 to_inventory_hold"),
        ("rules/containment.mw", "send erp.inv^entory_hold", "ruleset.toml:29 erp.inventory_hold"),
        ("rules/containment.mw", "when d.ho^ld <>", "tables/disposition.mw:6 hold"),
        ("rules/containment.mw", "when ^d.hold", "rules/containment.mw:5 d"),
        ("maps/defect.mw", "= incom^ing", "schemas/canon.nonconformance@v1.json:292 incoming"),
        ("maps/defect.mw", "d.Defect^Class)", "schemas/sap.defect@v1.json:105 DefectClass"),
        ("maps/defect.mw", "  supp^lier.id ", "schemas/canon.nonconformance@v1.json:83 supplier"),
        ("maps/defect.mw", "lookup pla^nts(", "lookups/plants@2026-03.csv:1"),
        ("maps/defect.mw", "in sap.def^ect", "schemas/sap.defect@v1.json:1"),
        ("tests/defect.mw", 'fired("hold^_stock")', "rules/containment.mw:15 hold_stock"),
        ("tests/defect.mw", "given ^d = sample", "maps/defect.mw:17 d"),
    ],
)
def test_a_name_leads_to_its_declaration(index, path, marked, declared):
    found = words(index, definition(index, path, offset(path, marked)))
    file, _, rest = declared.partition(":")
    assert [w.partition(":")[0] for w in found] == [file]
    assert found[0].partition(" ")[2] == rest.partition(" ")[2]


def test_references_of_a_field_are_where_it_is_read_and_set(index):
    found = words(index, references(index, "maps/defect.mw", offset("maps/defect.mw", "  defect_^rate ")))
    assert any(w.startswith("schemas/canon.nonconformance@v1.json") for w in found)
    assert {w.partition(":")[0] for w in found} >= {
        "maps/defect.mw",
        "rules/containment.mw",
        "tests/defect.mw",
    }


@pytest.mark.parametrize(
    ("path", "marked", "files"),
    [
        ("tables/disposition.mw", "table dispo^sition", 4),
        ("rules/containment.mw", "rule hold_^stock", 2),
        ("maps/defect.mw", "map defect_to_nonconformance : ^d in", 2),
        ("maps/defect.mw", "let lo^t =", 1),
        ("maps/defect.mw", "lookup defect_^classes :", 1),
    ],
)
def test_a_rename_reaches_every_file_and_changes_no_meaning(index, path, marked, files):
    edits = rename(TEXTS, index, path, offset(path, marked), "other_name")
    assert len({edit.file for edit in edits}) == files
    after = dict(TEXTS)
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        text = after[edit.file].decode()
        after[edit.file] = (text[: edit.span.start] + edit.text + text[edit.span.end :]).encode()
    assert checker.check(after).diagnostics == index.program.diagnostics


@pytest.mark.parametrize(
    ("path", "marked", "name", "why"),
    [
        ("maps/defect.mw", "let lo^t =", "zone", "declared|already|does not fit"),
        ("maps/defect.mw", "let lo^t =", "pending", "already|does not fit"),
        ("maps/defect.mw", "let lo^t =", "lookup", "word of the language"),
        ("maps/defect.mw", "let lo^t =", "Lot", "is no name"),
        ("maps/defect.mw", "lookup pla^nts(", "works", "named by its file"),
        ("maps/defect.mw", "in sap.def^ect", "other", "named by its file"),
        ("rules/containment.mw", "send erp.inv^entory_hold", "other", "bound in every environment"),
        ("maps/defect.mw", "d.Defect^Class)", "other", "belongs to its schema"),
        ("maps/defect.mw", "qua^ntity(", "other", "no name of this rule set"),
    ],
)
def test_a_rename_that_would_mean_something_else_is_refused(index, path, marked, name, why):
    with pytest.raises(RenameRefused, match=why):
        rename(TEXTS, index, path, offset(path, marked), name)


def test_a_line_that_does_not_parse_keeps_its_references(index):
    text = (
        TEXTS["rules/containment.mw"].decode().replace("using to_inventory_hold", "using to_inventory_hold )")
    )
    broken = Index(checker.check({**TEXTS, "rules/containment.mw": text.encode()}))
    found = definition(broken, "rules/containment.mw", text.index("to_inventory_hold"))
    assert [place.file for place in found] == ["maps/containment.mw"]


def lasting():
    """A module that keeps reference data, and the rule set around it, from the cases of the language."""
    shared = tomllib.loads((ROOT / "tests" / "spec" / "lasting.toml").read_text("utf-8"))["shared"]
    module = shared["program"] + (
        "rules keeping : nc in canon.nc\n"
        "  rule keep\n"
        "    then each lot in nc.lots remember items key lot = { item: lot }\n"
        "    then forget items key nc.id\n"
        "  end\n"
        "end\n"
    )
    schemas = {f"schemas/{name}.json": text.encode() for name, text in shared["schemas"].items()}
    return {"ruleset.toml": shared["manifest"].encode(), "m.mw": module.encode(), **schemas}, module


@pytest.mark.parametrize(
    ("marked", "uses"), [("dataset ite^ms", 3), ("each lo^t in nc.lots", 3), ("rules keeping : n^c in", 3)]
)
def test_names_of_lasting_actions_are_followed_and_renamed(marked, uses):
    texts, module = lasting()
    before, after = marked.split("^")
    kept = Index(checker.check(texts))
    assert kept.program.ok
    at = module.index(before + after) + len(before)
    assert len(references(kept, "m.mw", at)) == uses
    assert len(rename(texts, kept, "m.mw", at, "other_name")) == uses


def test_the_signature_knows_the_argument_that_is_typed(index):
    path = "maps/defect.mw"
    shown = signature(index.program, path, offset(path, "left(d.CreationDate, ^10)"))
    assert shown.label.startswith("left(") and shown.active == 1
    shown = signature(index.program, path, offset(path, "\"YYYY-MM-DD'T'HHmmss\", zone: ^zone)"))
    assert shown.parameters[shown.active].startswith("zone")


def test_the_outline_names_what_stands_in_a_module(index):
    entries = outline(index.program, "rules/containment.mw")
    assert [(e.kind, e.name) for e in entries] == [("rules", "containment")]
    assert [c.name for c in entries[0].children][:3] == ["d", "entered_by_mistake", "nothing_to_hold"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
def test_positions_of_an_editor_go_there_and_back(encoding):
    source = Source("m.mw", 'a = "\N{GRINNING FACE}ä" & b\r\nc = 1')
    for at in range(len(source.text) + 1):
        if source.text[at - 1 : at + 1] != "\r\n":
            line, column = to_editor(source, at, encoding)
            assert from_editor(source, line, column, encoding) == at
    assert to_editor(source, source.text.index("&"), "utf-16") == (0, 10)
    assert from_editor(source, 9, 9) == len(source.text)
