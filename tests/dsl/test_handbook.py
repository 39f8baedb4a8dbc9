"""A handbook says what every construct says, links what is named, and names tests and users."""

import re

import pytest

from app.design.handbooks import handbook_page
from dsl import checker
from dsl.handbook import handbook, markdown
from tests.dsl.test_navigation import TEXTS

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def book():
    return handbook(checker.check(TEXTS))


def entry(book, id):
    return next(e for chapter in book.chapters for e in chapter.entries if e.id == id)


def test_it_has_a_chapter_for_everything_there_is(book):
    assert [chapter.title for chapter in book.chapters] == [
        "Flows",
        "Maps",
        "Decision tables",
        "Rules",
        "Value maps",
        "Endpoints",
        "Schemas",
        "Tests",
    ]


def test_a_map_says_target_source_and_what_happens_on_failure_in_words(book):
    rows = entry(book, "map-defect_to_nonconformance").grids[0].rows
    severity = next(row for row in rows if row[0].text == "severity")
    assert [cell.text for cell in severity[1:3]] == [
        "lookup defect_classes(d.DefectClass)",
        "missing: use minor, with a warning; no match: use minor, with a warning",
    ]


def test_a_table_has_its_rows_default_tests_and_users(book):
    table = entry(book, "table-disposition")
    assert [row[0].text for row in table.grids[0].rows] == [
        "r1",
        "r2",
        "r3",
        "r4",
        "r5",
        "r6",
        "r7",
        "otherwise",
    ]
    assert "critical always holds the whole lot" in [cell.text for cell in table.tests]
    assert "rules containment" in [cell.text for cell in table.users]


def test_a_rule_is_when_then_because(book):
    rules = entry(book, "rules-containment")
    row = next(row for row in rules.grids[0].rows if row[0].text == "hold_stock")
    assert [cell.text for cell in row[1:]] == [
        "d.hold <> none and nc.lot is not missing",
        "send erp.inventory_hold using to_inventory_hold",
        "Failed stock must not be picked",
    ]


def test_every_link_of_the_page_leads_to_an_entry(book):
    page = handbook_page(checker.check(TEXTS))
    ids = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert len(ids) == page.count(' id="'), "an id stands twice"


def test_nothing_in_a_rule_set_becomes_markup():
    texts = {
        path: content.replace(b"Failed stock must not be picked", HOSTILE.replace('"', "'").encode())
        for path, content in TEXTS.items()
    }
    texts["ruleset.toml"] = texts["ruleset.toml"].replace(b"Incoming quality", b"<img src=x>")
    program = checker.check(texts)
    page, text = handbook_page(program), markdown(handbook(program))
    assert "<script" not in page and "<img" not in page
    assert "<script" not in text and "<img" not in text


def test_a_rule_set_that_does_not_parse_still_has_a_page():
    broken = TEXTS["rules/containment.mw"].replace(b"when d.scar", b"when ((d.scar")
    found = handbook(checker.check({**TEXTS, "rules/containment.mw": broken}))
    assert found.errors and entry(found, "rules-containment").grids
