"""Tables from and to files in the browser: a proposal first, then exactly what was shown."""

import io

import pytest

from app.design import rulesets

TABLE = """\
use schema plant.work_order "v1"

table shift policy unique
  | row | urgency: urgency | size: integer => shift: text |
  | r1  | urgent           | -              => "early"    |  # at once
  | r2  | normal           | < 10           => "late"     |
  | r3  | normal           | >= 10          => "early"    |
end
"""
PATH = "tables/shift.mw"


def content(installation, path=PATH):
    with installation.database.read() as connection:
        return rulesets.read_file(connection, "orders", path).content.decode()


@pytest.fixture
def shift(installation):
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", PATH, TABLE.encode(), "setup")


def upload(browser, name, body, **form):
    data = {"file": (io.BytesIO(body), name), **form}
    return browser.post("/rulesets/orders/bring-in", data, content_type="multipart/form-data")


def proposal(page):
    return (
        page.text.split('name="proposal" value="', 1)[1]
        .split('"', 1)[0]
        .replace("&#34;", '"')
        .replace("&gt;", ">")
        .replace("&lt;", "<")
    )


@pytest.mark.parametrize("format", ["csv", "xlsx", "dmn"])
def test_what_is_taken_out_comes_back_as_no_change(ana, shift, format):
    out = ana.get(f"/rulesets/orders/out/shift.{format}")
    assert out.status_code == 200
    page = upload(ana, f"shift.{format}", out.data)
    assert page.status_code == 200
    assert "exactly this already" in page.text


def test_a_changed_sheet_changes_its_table_where_it_stands(ana, shift, installation):
    sheet = ana.get("/rulesets/orders/out/shift.csv").text.replace('""late""', '""night""')
    page = upload(ana, "shift.csv", sheet.encode())
    assert "night" in page.text and content(installation) == TABLE
    answer = ana.post("/rulesets/orders/bring-in", {"proposal": proposal(page)})
    assert answer.status_code == 303
    differ = [
        new
        for old, new in zip(TABLE.splitlines(), content(installation).splitlines(), strict=True)
        if old != new
    ]
    assert [line.split() for line in differ] == ['| r2 | normal | < 10 => "night" |'.split()]


def test_a_sheet_of_somebody_becomes_a_new_module(ana, installation):
    page = upload(ana, "halls.csv", b"size,hall\n< 5,A\n>= 5,B\n", kind="table", item="halls")
    assert page.status_code == 200
    ana.post("/rulesets/orders/bring-in", {"proposal": proposal(page)})
    assert content(installation, "tables/halls.mw").startswith("table halls policy unique")


def test_a_file_that_changed_meanwhile_is_not_written_over(ana, shift, installation):
    sheet = ana.get("/rulesets/orders/out/shift.csv").text.replace('""late""', '""night""')
    page = upload(ana, "shift.csv", sheet.encode())
    with installation.database.begin() as tx:
        rulesets.write_file(tx, "orders", PATH, TABLE.replace("10", "12").encode(), "ben")
    assert ana.post("/rulesets/orders/bring-in", {"proposal": proposal(page)}).status_code == 412
    assert "12" in content(installation)


@pytest.mark.parametrize(("name", "body"), [
    ("shift.pdf", b"%PDF"), ("shift.dmn", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), ("shift.xlsx", b"no zip"),
    ("empty.csv", b""),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_faults(ana, name, body):
    page = upload(ana, name, body)
    assert page.status_code == 422
    assert "Nothing was brought in" in page.text


def test_a_proposal_that_the_page_did_not_make_is_refused(ana):
    assert ana.post("/rulesets/orders/bring-in", {"proposal": "[1]"}).status_code == 400


def test_who_may_only_read_brings_nothing_in(browse):
    assert browse("olga").get("/rulesets/orders/bring-in").status_code == 403


def test_samples_become_a_schema_once_the_proposal_was_seen(ana, installation):
    page = upload(ana, "orders.ndjson", b'{"no": "1", "lot": "L1"}\n{"no": "2"}\n', item="shop.note@v1")
    assert page.status_code == 200 and "1 of 2" in page.text and "2 of 2" in page.text
    answer = ana.post("/rulesets/orders/bring-in", {"proposal": proposal(page)})
    assert answer.status_code == 303
    assert '"required": [\n    "no"\n  ]' in content(installation, "schemas/shop.note@v1.json")


def test_a_sheet_and_an_xsd_become_schemas(ana):
    page = upload(ana, "stock.csv", b"plant,qty\nDE1,5\nDE1,6\n", kind="schema")
    assert page.status_code == 200 and "schemas/stock@v1.json" in page.text
    xsd = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="note"><xs:complexType><xs:sequence>
      <xs:element name="lot" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
    assert "schemas/note@v1.json" in upload(ana, "note.xsd", xsd).text
