"""Sheets of people come in with their types inferred; formulas are escaped and warned of; bombs are refused."""

import io
import zipfile
from datetime import datetime

import pytest
import xlsxwriter

from dsl.errors import ExchangeError
from dsl.exchange.importing import export, import_sheet
from dsl.exchange.sheet_reading import Wish
from dsl.exchange.sheets import escaped, read_csv, read_xlsx, unescaped, write_csv, write_xlsx
from dsl.parser import parse
from dsl.source import Source


def csv_table(*lines, **wish):
    return import_sheet("\n".join(lines).encode(), "csv", Wish(**wish))


def test_a_sheet_of_people_as_a_table():
    found = csv_table(
        "Severity;Defect Rate;Supplier;Hold Scope",
        "critical;;;full lot",
        "major;>= 5%;C, D;sample",
        "minor;< 5%;not(C, D);",
        name="hold",
    )
    assert found.text == (
        "table hold policy unique\n"
        "  | row | severity: text | defect_rate: percent | supplier: text => hold_scope: text? |\n"
        '  | r1  | "critical"     | -                    | -              => "full lot"        |\n'
        '  | r2  | "major"        | >= 5%                | "C", "D"       => "sample"          |\n'
        '  | r3  | "minor"        | < 5%                 | not("C", "D")  => missing           |\n'
        "end\n"
    )
    assert (
        "Defect Rate is read as percent: say `defect_rate: type` in its head to change it" in found.warnings
    )


def test_codes_stay_text():
    text = csv_table("plant,name", "0010,a", "0020,b", kind="lookup", name="plants").text
    assert "lookup plants : plant: text -> name: text" in text and '| "0010" => "a" |' in text


def test_outputs_by_name_ids_and_comments():
    text = csv_table(
        "id,a,Result,b,comment", "x1,1,yes,2,hello", "9-9,3,no,4,", outputs=("Result",), policy="first"
    ).text
    assert text == (
        "table imported policy first\n"
        "  | row   | a: integer | b: integer => result: text |\n"
        '  | x1    | 1          | 2          => "yes"        |  # hello\n'
        '  | r_9_9 | 3          | 4          => "no"         |\n'
        "end\n"
    )


def test_wrong_cells_are_named_by_their_place():
    with pytest.raises(ExchangeError) as refused:
        csv_table("a: integer =>,b: boolean", "full lot,true", "3,true")
    assert refused.value.faults == ("A2: `full lot` is no condition of type integer",)


def test_a_decimal_comma_is_warned_of():
    assert any(
        "a decimal has a point" in warning
        for warning in csv_table("a: decimal =>,b: text", '"1,5",x').warnings
    )


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("x")'])
def test_formulas_are_escaped_and_warned_of(cell):
    assert escaped(cell).startswith("'") and unescaped(escaped(cell)) == cell
    assert any(
        "formula" in warning
        for warning in read_csv(
            write_csv([["a"]]) + f'"{cell.replace(chr(34), chr(34) * 2)}"\n'.encode()
        ).warnings
    )


@pytest.mark.parametrize("cell", ["-", "-5", "+3.5", "'s", "", "'", "''", "'=x", "x=1"])
def test_other_cells_come_back_as_they_were(cell):
    assert unescaped(escaped(cell)) == cell


def test_an_exported_lookup_has_no_formula():
    parsed = parse(Source("a.mw", 'lookup l : text -> text\n  | "a" => "b" |  # =cmd|x\nend\n'))
    assert b"'=cmd|x" in export(parsed, "l", "csv")
    with pytest.raises(ExchangeError, match="csv or xlsx"):
        export(parsed, "l", "dmn")


def test_lines_that_do_not_parse_are_not_exported():
    parsed = parse(
        Source("a.mw", "table t policy first\n  | row | a: text => b: text |\n  | r1 | <<< |\nend\n")
    )
    with pytest.raises(ExchangeError, match="lines that can't be read"):
        export(parsed, "t", "csv")


def excel(write):
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    write(book, book.add_worksheet("First"))
    book.close()
    return made.getvalue()


def test_numbers_dates_and_truth_of_excel():
    def write(book, page):
        page.write_row(0, 0, ["n", "share", "day", "flag", "r"])
        page.write_number(1, 0, 5)
        page.write_number(1, 1, 0.055, book.add_format({"num_format": "0.0%"}))
        page.write_datetime(1, 2, datetime(2026, 1, 31), book.add_format({"num_format": "yyyy-mm-dd"}))
        page.write_boolean(1, 3, True)
        page.write_string(1, 4, "x")

    text = import_sheet(excel(write), "xlsx", Wish(name="t")).text
    assert "n: integer | share: percent | day: date  | flag: boolean => r: text" in text
    assert "| 5          | 5.5%           | 2026-01-31 | true" in text


def test_a_formula_of_excel_is_text_and_warned_of():
    sheet = read_xlsx(excel(lambda book, page: page.write_formula(0, 0, "=1+1")))
    assert sheet.rows == [["=1+1"]] and "A1 looks like a formula" in sheet.warnings[0]


def test_a_named_sheet():
    content = excel(lambda book, page: book.add_worksheet("Second").write_row(0, 0, ["z"]))
    assert read_xlsx(content, "Second").rows == [["z"]]
    with pytest.raises(ExchangeError, match="no sheet Third; it has First, Second"):
        read_xlsx(content, "Third")


def repacked(change):
    """An XLSX file, its archive changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_xlsx([["a"]], "t"))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        change(new)
    return made.getvalue()


def _link(archive):
    entry = zipfile.ZipInfo("xl/link")
    entry.external_attr = 0o120777 << 16
    archive.writestr(entry, "target")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.writestr("xl/media/zeros.bin", b"\0" * 30_000_000), "zip bomb"),
        (lambda a: a.writestr("../../etc/x", b"x"), "outside of it"),
        (lambda a: a.writestr("/etc/x", b"x"), "outside of it"),
        (_link, "a link"),
        (lambda a: a.writestr("xl/a.xml", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'), "DOCTYPE"),
        (
            lambda a: a.writestr("xl/a.xml", '<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><x/>'.encode("utf-16")),
            "not UTF-8",
        ),
        (lambda a: [a.writestr(f"x/{n}", b"") for n in range(1001)], "more than 1000 entries"),
    ],
)
def test_archives_that_do_harm_are_refused(change, words):
    with pytest.raises(ExchangeError, match=words):
        read_xlsx(repacked(change))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"not a zip", write_xlsx([["a"]], "t")[:-100]])
def test_broken_files_are_refused(content):
    with pytest.raises(ExchangeError):
        read_xlsx(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b'a,"b\n',
        b"a," * 300 + b"x\n",
        b"a,b\n" * 20_001,
        b"a,b\n" + b"x" * 10_001,
        b"only\n1\n",
        b" ,\n",
    ],
)
def test_sheets_that_are_no_table_are_refused(content):
    with pytest.raises(ExchangeError):
        import_sheet(content, "csv", Wish())


def test_a_far_cell_does_not_cost_memory():
    far = excel(lambda book, page: page.write_string(1_048_575, 0, "x"))
    with pytest.raises(ExchangeError, match="more than 20000 rows"):
        read_xlsx(far)
