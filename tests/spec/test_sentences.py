"""Every sentence of the language that promises something has a case or a test that shows it."""

import tomllib
from pathlib import Path

import pytest

from tests.spec.rulesets import chapters

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SENTENCES = tomllib.loads((HERE / "sentences.toml").read_text("utf-8"))["sentence"]
CASES = {f"{chapter}: {case['name']}" for chapter, _, cases in chapters() for case in cases}
CHAPTERS = {f"{chapter}: *" for chapter, _, _ in chapters()}


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda s: f"{s['section']} {s['says']}")
def test_a_sentence_is_shown(sentence) -> None:
    cases, tests = sentence.get("cases", []), sentence.get("tests", [])
    assert cases or tests
    assert [name for name in cases if name not in CASES | CHAPTERS] == []
    assert [path for path in tests if not (ROOT / path).exists()] == []


def test_every_section_has_sentences() -> None:
    assert {sentence["section"] for sentence in SENTENCES} == {str(number) for number in range(1, 14)}


def test_cases_have_names_of_their_own() -> None:
    names = [f"{chapter}: {case['name']}" for chapter, _, cases in chapters() for case in cases]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 600
