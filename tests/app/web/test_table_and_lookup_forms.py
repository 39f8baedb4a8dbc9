"""The forms of decision tables and value maps: cells, rows, their order."""

import re

import pytest

from app.design import rulesets

TABLE = """\
use schema plant.work_order "v1"

table shift policy unique
  | row | urgency: urgency | size: integer => shift: text | extra: boolean |
  | r1  | urgent           | -              => "early"    | true           |   # at once
  | r2  | normal           | < 10           => "late"     | false          |
  | r3  | normal           | >= 10          => "early"    | false          |
end
"""


def content(installation, path):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", path)


def lines(installation, path):
    return content(installation, path).content.decode().splitlines()


@pytest.fixture
def table(ana, installation):
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", "tables/shift.mw", TABLE.encode(), "setup")

    def send(**form):
        etag = content(installation, "tables/shift.mw").etag
        return ana.post("/rulesets/orders/tables/shift", {"file": "tables/shift.mw", "etag": etag, **form})

    return send


@pytest.fixture
def lookup(ana, installation):
    def send(**form):
        etag = content(installation, "maps/orders.mw").etag
        return ana.post(
            "/rulesets/orders/lookups/urgencies", {"file": "maps/orders.mw", "etag": etag, **form}
        )

    return send


def test_a_table_shows_cells_types_and_comments(table, ana):
    page = ana.get("/rulesets/orders/tables/shift").text
    assert 'value="&lt; 10"' in page
    assert '<span class="type">integer</span>' in page
    assert 'value="at once"' in page


def test_a_cell_changes_one_line(table, installation):
    before = lines(installation, "tables/shift.mw")
    assert table(do="cell", row="r2", column="size", text="< 12").status_code == 200
    after = lines(installation, "tables/shift.mw")
    assert [line for line in after if line not in before] == [
        '  | r2  | normal           | < 12           => "late"     | false          |'
    ]


def test_rows_are_added_moved_and_removed(table, installation):
    page = table(do="add", row="r1")
    assert page.status_code == 200
    ids = re.findall(r'<tr id="row-(r\d)"', page.text)
    assert ids == ["r1", "r4", "r2", "r3"]
    ids = re.findall(r'<tr id="row-(r\d)"', table(do="move", row="r3", before="r1").text)
    assert ids == ["r3", "r1", "r4", "r2"]
    ids = re.findall(r'<tr id="row-(r\d)"', table(do="remove", row="r4").text)
    assert ids == ["r3", "r1", "r2"]
    assert "# at once" in "\n".join(lines(installation, "tables/shift.mw"))


def test_overlapping_rows_are_reported_under_the_grid(table):
    page = table(do="cell", row="r2", column="size", text="< 20").text
    assert "r2" in page
    assert 'class="badge error"' in page


def test_the_missing_row_is_added_by_its_button(table, installation):
    page = table(do="cell", row="r3", column="size", text="> 10").text
    assert "no row fits urgency = normal, size = 10" in page and "Add this row" in page
    place = (
        f"tables/shift.mw:{content(installation, 'tables/shift.mw').content.decode().index('shift policy')}"
    )
    page = table(do="fix", code="M614", place=place, fix="0").text
    assert 'id="row-r4"' in page and "no row fits" not in page


def test_a_cell_that_does_not_parse_is_not_written(table, installation):
    before = content(installation, "tables/shift.mw")
    page = table(do="cell", row="r2", column="size", text="< | 10")
    assert page.status_code == 422
    assert content(installation, "tables/shift.mw") == before


def test_a_block_from_a_spreadsheet_fills_cells(table, installation):
    block = '[["urgent", "1"], ["normal", "[2..5)"]]'
    assert table(do="paste", row="r2", column="urgency", block=block).status_code == 200
    text = "\n".join(lines(installation, "tables/shift.mw"))
    assert re.search(r"\| r2  \| urgent +\| 1 ", text)
    assert re.search(r"\| r3  \| normal +\| \[2\.\.5\) ", text)


def test_a_value_map_changes_one_row(lookup, installation):
    assert lookup(do="cell", row="2", index="1", text="urgent").status_code == 200
    assert '  | "2" => urgent |' in lines(installation, "maps/orders.mw")


def test_a_value_map_gets_and_loses_rows(lookup, installation):
    lookup(do="add", **{"cell-0": '"3"', "cell-1": "normal"})
    assert any(line.startswith('  | "3" => normal') for line in lines(installation, "maps/orders.mw"))
    lookup(do="remove", row="1")
    assert not any(line.startswith('  | "1"') for line in lines(installation, "maps/orders.mw"))


def test_a_stale_page_does_not_overwrite(lookup, ana, installation):
    page = ana.post(
        "/rulesets/orders/lookups/urgencies",
        {"file": "maps/orders.mw", "etag": "old", "do": "remove", "row": "1"},
    )
    assert page.status_code == 412
    assert any(line.startswith('  | "1"') for line in lines(installation, "maps/orders.mw"))


def test_a_column_goes_through_the_whole_table(table, installation):
    form = {"name": "line", "type": "text?", "side": "input", "value": ""}
    assert table(do="add column", **form).status_code == 200
    text = content(installation, "tables/shift.mw").content.decode()
    assert "size: integer | line: text? =>" in text
    assert text.count("| - =>") == 3
    assert table(do="remove column", column="line").status_code == 200
    assert "line" not in content(installation, "tables/shift.mw").content.decode()


def test_policy_and_default_are_set_in_the_form(table, installation):
    assert table(do="policy", text="collect list").status_code == 200
    assert table(do="otherwise").status_code == 200
    text = content(installation, "tables/shift.mw").content.decode()
    assert "table shift policy collect list" in text
    assert 'otherwise => "early" | false |' in text
    table(do="no otherwise")
    assert "otherwise" not in content(installation, "tables/shift.mw").content.decode()


def test_a_column_is_renamed_and_retyped(table, installation):
    assert table(do="column", column="size", part="name", text="pieces").status_code == 200
    assert table(do="column", column="pieces", part="type", text="decimal").status_code == 200
    assert "| pieces: decimal =>" in content(installation, "tables/shift.mw").content.decode()


def test_a_type_that_the_language_has_not_is_said_on_the_page(table):
    answer = table(do="column", column="size", part="type", text="of of")
    assert answer.status_code == 422
