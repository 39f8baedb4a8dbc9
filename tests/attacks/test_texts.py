"""Attack cases 1 to 3, 5, 6, 8: what somebody writes into a rule set. The table is in the security design."""

import json
import re
import time

import pytest

from dsl.checker import check
from dsl.functions import registry
from dsl.parser import parse
from dsl.source import Source
from rules import engine
from rules.compiler import compile_program
from rules.release import build_release
from tests.dsl.workshop import MANIFEST, codes_of
from tests.rules.documents import files
from tests.rules.rulebook import CONTEXT, mapping, run


def in_map(expression: str) -> str:
    """A map with this expression as a value."""
    return mapping(f"  t1 = {expression}")


# ---- 1: a way out through attributes of Python


@pytest.mark.parametrize(
    "expression",
    [
        "().__subclasses__()", '"a".__class__', "doc.__class__.__globals__()", "upper.__globals__", "().a", "[].append(1)",
        '"{0}".format(doc)', "doc.a.upper()", "lambda: 1", "`1`", "a[0]", "doc['a']", "__import__(\"os\")",
    ],
)  # fmt: skip
def test_1_there_is_no_attribute_and_no_call_of_python(expression: str) -> None:
    program = check(files(in_map(expression)))
    assert not program.ok
    assert all(d.file == "maps/generated.mw" for d in program.diagnostics)


@pytest.mark.parametrize(
    "field", ["__class__", "__globals__", "__dict__", "gi_frame", "mro", "items", "keys", "pop"]
)
def test_1_a_path_only_reaches_fields_of_the_schema(field: str) -> None:
    program = check(files(in_map(f"doc.{field}")))
    reached = field in program.schemas["s.doc@v1"].record.fields
    assert reached or {d.code for d in program.diagnostics} <= {"M101", "M302"}
    assert reached == program.ok or field == "items"


def test_1_an_open_record_gives_its_fields_never_attributes() -> None:
    schema = {"type": "object", "properties": {"o": {"type": "object", "additionalProperties": True}}}
    module = 'use schema h.in "v1"\nmap h : x in h.in -> t.out\n  b1 = x.o."__class__" is missing\nend\n'
    program = check(files(module) | {"schemas/h.in@v1.json": json.dumps(schema).encode()})
    assert program.ok, [d.message for d in program.diagnostics]
    compiled = compile_program(program)
    assert engine.run_map(compiled, "h", {"x": {"o": {}}}, CONTEXT).event == {"b1": True}
    assert engine.run_map(compiled, "h", {"x": {"o": {"__class__": 1}}}, CONTEXT).event == {"b1": False}


# ---- 2: names of fields that would be code


HOSTILE = [
    "__import__('os').system('x')",
    "a'b\"c",
    "a\\nb",
    'x\n  t2 = "y"',
    "{x}",
    "%s",
    "a\u0000b",
    "\\",
    "end",
    "#",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_2_a_hostile_field_name_is_data(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string"}}}
    written = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\u0000", "\\u{0}")
    module = f'use schema h.in "v1"\nmap h : x in h.in -> t.out\n  t1 = x."{written}" on missing skip\nend\n'
    program = check(files(module) | {"schemas/h.in@v1.json": json.dumps(schema).encode()})
    assert program.ok, [d.message for d in program.diagnostics]
    outcome = engine.run_map(compile_program(program), "h", {"x": {name: "v"}}, CONTEXT)
    assert outcome.event == {"t1": "v"}


# ---- 3: characters that look like others, turn the text round, or are not seen


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("t1 = d\u043ec.a", 9),  # Cyrillic o
        ("t1 = doc.a\u200b", 13),  # zero width space
        ("t1 = \u202edoc.a", 8),  # right-to-left override
        ("t1 = doc.a # \u2066hidden", 16),  # isolate in a comment
        ("\uff541 = doc.a", 3),  # full-width t
        ("t1 = doc.\u0430", 12),  # Cyrillic a
        ("t1 = doc.a\u00ad", 13),  # soft hyphen
    ],
)
def test_3_a_hidden_or_look_alike_character_is_rejected_with_its_position(line: str, column: int) -> None:
    found = parse(Source("m.mw", f"map m : doc in s.doc -> t.out\n  {line}\nend\n"))
    (first, *_) = found.diagnostics
    assert first.code == "M104"
    assert found.source.position(first.span.start) == (2, column)


# ---- 5: a text is never a template


@pytest.mark.parametrize(
    "text", ["{0.__class__}", "{0.__class__.__mro__}", "%(a)s", "${a}", "{{a}}", "{doc.a!r}"]
)
@pytest.mark.parametrize(
    "function", ['"{}" & doc.a', 'upper("{}")', 'replace("x", "x", "{}")', 'join(["{}"], ",")']
)
def test_5_braces_are_literal_text(text: str, function: str) -> None:
    outcome = run("  t1 = " + function.replace("{}", text))
    assert text.casefold() in outcome.event["t1"].casefold()


def test_5_a_text_of_the_payload_is_no_template_either() -> None:
    outcome = run('  t1 = "value " & doc.a\n  t2 = replace(doc.a, "0", "1")', a="{0.__class__}")
    assert outcome.event == {"t1": "value {0.__class__}", "t2": "{1.__class__}"}


# ---- 6: nesting


DEEP = 10_000


@pytest.mark.parametrize(
    "text",
    ["(" * DEEP, "[" * DEEP + "]" * DEEP, "{ a: " * DEEP, "not " * DEEP + "true", "-" * DEEP + "1", "1 + " * DEEP + "1",
     "upper(" * DEEP, "(" * DEEP + "1" + ")" * DEEP, '"a" & ' * DEEP + '"b"'],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_6_ten_thousand_brackets_in_a_rule_are_a_clean_error(text: str) -> None:
    codes = set(codes_of(f"map m : nc in erp.notice -> canon.case\n  id = {text}\nend\n"))
    assert codes
    assert codes <= {"M101", "M102", "M106", "M107", "M204", "M202", "M402", "M403"}, codes


@pytest.mark.parametrize("opener", ["if true\n", "each d in nc.defects into defects\n"])
def test_6_ten_thousand_open_blocks_are_a_clean_error(opener: str) -> None:
    assert "M107" in codes_of("map m : nc in erp.notice -> canon.case\n" + opener * DEEP)


@pytest.mark.parametrize(
    "expression", ["[" * DEEP, "!" * DEEP + "a", "(" * DEEP + "a" + ")" * DEEP, "{a:" * DEEP]
)
def test_6_nesting_in_jmespath_is_a_fault_of_the_expression(expression: str) -> None:
    assert registry()["jmespath"].parameters[1].check(expression)


def test_6_a_schema_and_a_manifest_of_brackets_are_findings() -> None:
    broken = {"ruleset.toml": b"a = " + b"[" * DEEP, "schemas/s.doc@v1.json": b"[" * DEEP}
    found = {d.file for d in check({"ruleset.toml": MANIFEST.encode()} | broken).diagnostics}
    assert found == set(broken)


# ---- 8: patterns that take for ever


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}$", "([a-zA-Z]+)*$", "^(a?){40}a{40}$"])
def test_8_an_evil_pattern_takes_linear_time(pattern: str) -> None:
    started = time.process_time()
    outcome = run(f'  b1 = matches(doc.a, "{pattern}")', a="a" * 20_000 + "!")
    assert outcome.state == "done", outcome.reason
    assert time.process_time() - started < 2


@pytest.mark.parametrize("pattern", [r"(a)\\1", "(?=a)b", "(?<=a)b", "a{1,100000}{1,100000}", "("])
def test_8_what_linear_time_can_not_do_is_refused_when_it_is_saved(pattern: str) -> None:
    program = check(files(in_map(f'if_else(matches(doc.a, "{pattern}"), "y", "n")')))
    assert not program.ok
    with pytest.raises(Exception, match=re.compile("error|check|order", re.IGNORECASE)):
        build_release(files(in_map(f'if_else(matches(doc.a, "{pattern}"), "y", "n")')))
