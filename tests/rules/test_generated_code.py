"""What the compiler generates is closed: no builtins, no names and no text of the user's as code."""

import ast
import builtins
import json
import re

import pytest

from dsl.checker import check
from rules import compiler, engine
from rules.compiler import compile_program
from rules.errors import CompileError
from tests.rules.documents import files
from tests.rules.programs import Generator
from tests.rules.rulebook import CONTEXT, DOCUMENT, checked, compiled, mapping, run

HOSTILE = ["__import__", 'a"]; import os; x["', "__class__", "a\nb", "{0.__class__}", "${x}"]


def generated(monkeypatch: pytest.MonkeyPatch, text: str) -> ast.Module:
    """The tree that is compiled for a program."""
    caught: list[ast.Module] = []
    real = compile

    def catch(tree: ast.Module, *arguments: object, **named: object) -> object:
        caught.append(tree)
        return real(tree, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(compiler, "compile", catch, raising=False)
    compiled(text)
    return caught[0]


@pytest.mark.parametrize("seed", range(5))
def test_every_name_is_the_compilers(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    tree = generated(monkeypatch, Generator(seed).program())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    known = {"run", "code", "raw", "out", "get", "left", "v", "e"}
    assert [
        name for name in names if name not in known and not re.fullmatch(r"[a-z][0-9]+(_mark)?", name)
    ] == []
    assert not names & set(dir(builtins))


def test_attributes_are_a_closed_set(monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    for seed in range(12):
        tree = generated(monkeypatch, Generator(seed).program())
        found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert found <= {
        "get",
        "append",
        "strip",
        "copy",
        "pop",
        "isoformat",
        "fuel",
        "rejects",
        "failures",
        "message",
        "ended",
    }


def test_the_code_has_no_builtins() -> None:
    function = compiled(mapping("  t1 = doc.a")).maps["m"].function
    assert function.__globals__["__builtins__"] == {}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_field_name_is_data(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"}}}
    written = json.dumps(name)[1:-1].replace("${x}", "${x}")
    sources = files(
        f'use schema h.in "v1"\nmap h : x in h.in -> t.out\n  t1 = x."{written}" on missing skip\nend\n'
    )
    sources["schemas/h.in@v1.json"] = json.dumps(schema).encode()
    program = check(sources)
    assert program.ok, [d.message for d in program.diagnostics]
    outcome = engine.run_map(compile_program(program), "h", {"x": {name: "v"}}, CONTEXT)
    assert outcome.event == {"t1": "v"}


@pytest.mark.parametrize("text", ["{0.__class__}", "{doc}", "%s", "\\u{7D}"])
def test_a_text_is_never_a_template(text: str) -> None:
    outcome = run(f'  t1 = "{text}" & doc.a')
    assert outcome.event["t1"].endswith("k7")
    assert outcome.event["t1"].startswith(text[:2]) or text.startswith("\\u")


def test_the_same_program_gives_the_same_code() -> None:
    text = Generator(3).program()
    first, second = (compiled(text).maps["m"].function.__code__.co_code for _ in range(2))
    assert first == second


def test_a_program_with_errors_is_not_compiled() -> None:
    with pytest.raises(CompileError):
        compile_program(check(files("map m : doc in s.doc -> t.out\n  nope = 1\nend\n")))


def test_running_changes_neither_document_nor_program() -> None:
    rule_set = compiled(mapping("  t1 = doc.a\n  each x in doc.items into l1\n    t = x.k\n  end"))
    document = DOCUMENT | {"items": [{"k": "a"}]}
    before = json.dumps(document)
    first = engine.run_map(rule_set, "m", {"doc": document}, CONTEXT)
    second = engine.run_map(rule_set, "m", {"doc": document}, CONTEXT)
    assert json.dumps(document) == before
    assert first.event == second.event


def test_unknown_names_are_told_with_the_known_ones() -> None:
    from rules.errors import UnknownName

    with pytest.raises(UnknownName) as caught:
        engine.run(compiled(mapping("  t1 = doc.a")), "nope", {}, CONTEXT)
    assert caught.value.details == {"name": "nope", "known": []}


def test_program_is_kept_with_the_code() -> None:
    program = checked(mapping("  t1 = doc.a"))
    assert compile_program(program).program is program
