"""A map of nested lists and branches, made by forms alone, says in the text what was meant."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from app.commands.starter import starter_files
from app.design import rulesets, trials

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FILE = "maps/receipt.mw"
TEXT = {"type": "string"}


def record(required=(), **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(items):
    return {"type": "array", "items": items}


NOTICE = record(
    ["number"], number=TEXT, urgent={"type": "boolean"},
    lines=listed(record(["item"], item=TEXT, lots=listed(record(["lot"], lot=TEXT, pieces=TEXT)))),
)  # fmt: skip
RECEIPT = record(
    ["id", "kind"], id=TEXT, kind=TEXT,
    rows=listed(record(["item"], item=TEXT, lots=listed(record(["lot"], lot=TEXT, count={"type": "integer"})))),
)  # fmt: skip
EMPTY = """\
use schema asn "v1"
use schema receipt "v1"

map to_receipt : a in asn -> receipt
  on missing reject
  on error reject
end
"""
SAMPLE = {"number": "7", "urgent": True, "lines": [{"item": "A", "lots": [{"lot": "L1", "pieces": "5"}]}]}
MEANT = """\
use schema asn "v1"
use schema receipt "v1"

map to_receipt : a in asn -> receipt
  on missing reject
  on error reject
  id = "R-" & a.number
  if a.urgent
    kind = "rush"
  else
    kind = "plain"
  end
  each l in a.lines into rows
    item = l.item
    each t in l.lots into lots
      lot = t.lot
      count = integer(t.pieces)
    end
  end
end
"""


@pytest.fixture
def receipts(house, request):
    """A rule set of this test's own with an empty map between two nested schemas."""
    name = f"receipts-{len(request.node.name)}"
    files = {path: text.encode() for path, text in starter_files(name).items()}
    files |= {
        "schemas/asn@v1.json": json.dumps(NOTICE).encode(),
        "schemas/receipt@v1.json": json.dumps(RECEIPT).encode(),
    }
    files |= {FILE: EMPTY.encode(), "samples/asn.json": json.dumps(SAMPLE).encode()}
    with house.installation.database.begin() as tx:
        return rulesets.create_ruleset(tx, files, "setup").name


def test_a_nested_map_is_made_by_forms_alone(house, visit, receipts):
    page = visit("ana", f"/rulesets/{receipts}/maps/to_receipt?sample=asn.json&all=yes")
    formula(page, "id", '"R-" & a.number')
    line(page, "if a.urgent", "")
    line(page, "else", "if:1")
    branches = page.locator("#new-line-parent option[value^='if:']").evaluate_all("e => e.map(o => o.value)")
    line(page, 'kind = "rush"', branches[0])
    line(page, 'kind = "plain"', branches[1])
    formula(page, "rows", "l in a.lines")
    formula(page, "rows[].item", "l.item")
    formula(page, "rows[].lots", "t in l.lots")
    formula(page, "rows[].lots[].lot", "t.lot")
    formula(page, "rows[].lots[].count", "integer(t.pieces)")
    with house.installation.database.read() as connection:
        files = rulesets.read_files(connection, receipts)
    assert files[FILE].decode() == MEANT
    assert not [
        d for d in trials.trial(files).program.diagnostics if d.file == FILE and d.severity.value == "error"
    ]
    expect(page.locator('[id="row-rows[].lots[].count"] .result')).to_contain_text("5")


def test_what_is_typed_before_the_answer_came_is_kept_too(house, visit, receipts):
    page = visit("ana", f"/rulesets/{receipts}/maps/to_receipt?sample=asn.json&all=yes")
    for target, text in (("id", "a.number"), ("kind", '"plain"'), ("rows", "l in a.lines")):
        cell = page.locator(f'[id="formula-{target}"]')
        cell.fill(text)
        cell.press("Enter")
    expect(page.locator('[id="formula-rows[].item"]')).to_be_visible()
    with house.installation.database.read() as connection:
        text = rulesets.read_file(connection, receipts, FILE).content.decode()
    assert text.endswith('  id = a.number\n  kind = "plain"\n  each l in a.lines into rows\n  end\nend\n')
    expect(page.locator(".banner.error")).to_have_count(0)


def formula(page: Page, target: str, text: str) -> None:
    """Type a formula into the row of a target."""
    cell = page.locator(f'[id="formula-{target}"]')
    cell.fill(text)
    with saved(page):
        cell.press("Enter")
    expect(page.locator(".banner.error")).to_have_count(0)


def line(page: Page, text: str, parent: str) -> None:
    """Add a line of another kind."""
    page.locator("#new-line").fill(text)
    page.locator("#new-line-parent").select_option(parent)
    with saved(page):
        page.get_by_role("button", name="Add line").click()


@contextmanager
def saved(page: Page) -> Iterator[None]:
    """Waits until the page shows the next version of the text."""
    before = page.locator("#work").get_attribute("data-etag")
    yield
    expect(page.locator(f"#work:not([data-etag='{before}'])")).to_have_count(1)
