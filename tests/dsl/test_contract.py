"""The examples of the language's contract are read as they stand."""

from pathlib import Path

from dsl.forms import outline
from dsl.parser import parse
from dsl.printer import format_text
from dsl.source import Source

TEXT = Path(__file__).with_name("contract.mw").read_text(encoding="utf-8")


def test_nothing_is_reported():
    assert [d.code for d in parse(Source("contract.mw", TEXT)).diagnostics] == []


def test_every_construct_is_there():
    kinds = [entry["kind"] for entry in outline(parse(Source("contract.mw", TEXT)))]
    assert kinds == ["map", "lookup", "table", "rules", "flow", "test", "test"]


def test_formatting_reaches_a_fixed_point():
    once = format_text(Source("contract.mw", TEXT))
    assert format_text(Source("contract.mw", once)) == once
