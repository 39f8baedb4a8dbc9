"""`mapwright lsp` answers a real client over standard input and output."""

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest import raises

from tests.app.languageserver.editor import Editor, applied, played

MAP, TEST, RULES = "maps/defect.mw", "tests/defect.mw", "rules/containment.mw"


def test_five_mistakes_are_said_on_their_lines_and_a_fix_settles_one(tmp_path):
    async def story(here: Editor) -> None:
        text = here.open(MAP)
        await here.until(lambda: MAP in here.findings)
        assert here.codes(MAP) == []
        wrong = (
            text.replace("d.DefectInternalID", "d.DefectInternalId", 1)
            .replace("= incoming", "= incomming")
            .replace("  number              = d.Defect ", "  nummber             = d.Defect ")
            .replace("lookup defect_classes(d", "lookup defect_clases(d")
            .replace("quantity(lot.lot_quantity, lot.unit)", "quantity(lot.lot_quantity, 5)")
            .replace("# A defect", "# \N{GRINNING FACE} A defect")
        )
        here.type(MAP, wrong)
        await here.until(lambda: len(here.codes(MAP)) >= 5)
        lines = [number for number, line in enumerate(wrong.split("\n"), 1) if line not in text.split("\n")]
        errors = [d for d in here.findings[MAP] if d.severity == lsp.DiagnosticSeverity.Error]
        assert {d.range.start.line + 1 for d in errors} == set(lines[1:])
        misspelt = next(d for d in here.findings[MAP] if "clases" in d.message)
        context = lsp.CodeActionContext(here.findings[MAP])
        asked = lsp.CodeActionParams(lsp.TextDocumentIdentifier(here.uri(MAP)), misspelt.range, context)
        offered = await here.client.text_document_code_action_async(asked)
        fix = next(action for action in offered if action.title == "Replace by `defect_classes`")
        here.type(MAP, here.apply(fix.edit)[MAP])
        assert "lookup defect_classes(d" in here.texts[MAP]
        await here.until(lambda: not any("clases" in d.message for d in here.findings[MAP]))

    played(tmp_path, story)


def test_names_are_found_explained_and_renamed_in_every_file(tmp_path):
    async def story(here: Editor) -> None:
        here.open(MAP)
        here.open(TEST)
        client = here.client
        found = await client.text_document_definition_async(
            lsp.DefinitionParams(**here.at(TEST, "  map defect_^to_nonconformance"))
        )
        assert [(f.uri, f.range.start.line) for f in found] == [(here.uri(MAP), 16)]
        context = lsp.ReferenceContext(include_declaration=True)
        uses = await client.text_document_references_async(
            lsp.ReferenceParams(context, **here.at(MAP, "map defect_^to_nonconformance"))
        )
        assert {u.uri for u in uses} == {here.uri(f) for f in (MAP, TEST, "flows/incoming_nonconformance.mw")}
        edit = await client.text_document_rename_async(
            lsp.RenameParams(new_name="sap_defect", **here.at(MAP, "map defect_^to_nonconformance"))
        )
        changed = here.apply(edit)
        assert set(changed) == {MAP, TEST, "flows/incoming_nonconformance.mw"}
        assert all(
            "defect_to_nonconformance" not in text and "sap_defect" in text for text in changed.values()
        )
        with raises(JsonRpcException, match="`lot` is already|does not fit"):
            await client.text_document_rename_async(
                lsp.RenameParams(new_name="lot", **here.at(MAP, "let zo^ne ="))
            )
        with raises(JsonRpcException, match="word of the language"):
            await client.text_document_rename_async(
                lsp.RenameParams(new_name="each", **here.at(MAP, "let zo^ne ="))
            )
        shown = await client.text_document_hover_async(
            lsp.HoverParams(**here.at(MAP, "lookup plants(lot.pla^nt)"))
        )
        assert "text?" in shown.contents.value

    played(tmp_path, story)


def test_typing_is_completed_laid_out_and_listed(tmp_path):
    async def story(here: Editor) -> None:
        text = here.open(MAP)
        client = here.client
        here.type(
            MAP,
            text.replace(
                "  id                  =",
                '  # \N{GRINNING FACE}\n  id = "\N{GRINNING FACE}" & round(d., 2)\n  id                  =',
            ),
        )
        items = await client.text_document_completion_async(
            lsp.CompletionParams(**here.at(MAP, "round(d.^, 2)"))
        )
        assert "DefectClass" in [item.label for item in items]
        chosen = next(item for item in items if item.label == "DefectClass")
        assert "round(d.DefectClass, 2)" in applied(here.texts[MAP], [chosen.text_edit])
        help_ = await client.text_document_signature_help_async(
            lsp.SignatureHelpParams(**here.at(MAP, "round(d., ^2)"))
        )
        assert help_.active_parameter == 1 and help_.signatures[0].label.startswith("round(")
        here.type(MAP, text.replace("  id                  =", "  id="))
        options = lsp.FormattingOptions(2, True)
        edits = await client.text_document_formatting_async(
            lsp.DocumentFormattingParams(lsp.TextDocumentIdentifier(here.uri(MAP)), options)
        )
        formatted = applied(here.texts[MAP], edits)
        assert "\n  id " in formatted and "id=" not in formatted
        tree = await client.text_document_document_symbol_async(
            lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(here.uri(MAP)))
        )
        assert [s.name for s in tree] == ["defect_classes", "defect_to_nonconformance"]
        assert "severity" in [child.name for child in tree[1].children]

    played(tmp_path, story)


def test_broken_texts_and_unsaved_ones_are_no_reason_to_stop(tmp_path):
    async def story(here: Editor) -> None:
        text = here.open(RULES)
        await here.until(lambda: RULES in here.findings)
        here.type(
            RULES, text.replace("rule hold_stock", "rule hold stock ((").replace("then ignore", "then ignroe")
        )
        await here.until(lambda: here.codes(RULES) != [])
        shown = await here.client.text_document_hover_async(
            lsp.HoverParams(**here.at(RULES, "nc.supp^lier.id is"))
        )
        assert shown is not None
        here.type(RULES, text)
        await here.until(lambda: here.codes(RULES) == [] and here.codes(TEST) == [])
        manifest = here.open("ruleset.toml")
        here.type("ruleset.toml", manifest.replace('owner = "quality-it"', "owner = ", 1))
        await here.until(lambda: here.codes("ruleset.toml") != [])
        closed = lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(here.uri("ruleset.toml")))
        here.client.text_document_did_close(closed)
        await here.until(lambda: here.codes("ruleset.toml") == [] and here.codes(RULES) == [])
        (here.folder / "ruleset.toml").unlink()
        here.type(RULES, text + "\n")
        await here.until(lambda: any(code == "M804" for code, _ in here.codes(RULES)))

    played(tmp_path, story)
