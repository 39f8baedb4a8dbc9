"""CSV and XLSX files as rows of texts, and back.

Limits: 5 MB of file, 50 MB expanded at 200 times at the most, 20,000 rows, 200 columns, 10,000 characters a cell
Cells:  always texts on the way out; on the way in numbers, dates and truth values become their literals
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dsl.errors import ExchangeError
from dsl.exchange.archives import open_archive

Grid = list[list[str]]
ROWS, COLUMNS, CHARACTERS = 20_000, 200, 10_000
FILE_BYTES = 5_000_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = re.compile(r"-|[+-]?[0-9]+([.,][0-9]+)?%?", re.ASCII)
_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")
_MADE = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet, and warnings about cells that look like formulas."""

    rows: Grid
    warnings: tuple[str, ...]


def escaped(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if text[:1] == "'" and text[1:2] in (*_FORMULA, "'"):
        return "'" + text
    return "'" + text if _is_formula(text) else text


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return text[1:] if text[:1] == "'" and text[1:2] in (*_FORMULA, "'") and len(text) > 1 else text


def _is_formula(text: str) -> bool:
    return text.startswith(_FORMULA) and not _HARMLESS.fullmatch(text)


def read_csv(content: bytes) -> Sheet:
    """The rows of a CSV file in UTF-8; the separator is comma, semicolon or tab, as its first line has it."""
    _sized(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExchangeError(f"the file is not UTF-8 (byte {error.start}): save it as CSV UTF-8") from None
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
        return _sheet(lines)
    except csv.Error as error:
        raise ExchangeError(f"the file is no CSV: {error}") from None


def _separator(text: str) -> str:
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    return max(",;\t", key=lambda separator: (first.count(separator), separator == ","))


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a CSV file that Excel opens as UTF-8."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerows([escaped(cell) for cell in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


def read_xlsx(content: bytes, sheet: str = "") -> Sheet:
    """The rows of a sheet of an XLSX file, the first one unless named."""
    _sized(content)
    from openpyxl import load_workbook  # slow to import, and seldom needed

    with open_archive(content) as archive:
        try:
            book = load_workbook(archive, read_only=True, data_only=False, keep_links=False)
            names = [page.title for page in book.worksheets]
            if not names or (sheet and sheet not in names):
                raise ExchangeError(f"the file has no sheet {sheet}; it has {', '.join(names) or 'none'}")
            page: Any = book[sheet or names[0]]
            page.reset_dimensions()
            return _sheet(_texts(page))
        except ExchangeError:
            raise
        except Exception as error:  # the library raises whatever it stumbles over in a broken file
            raise ExchangeError(f"the file is no XLSX that can be read: {type(error).__name__}") from None


def _texts(page: Any) -> Iterator[list[str]]:
    for row in page.iter_rows():
        if len(row) > COLUMNS and any(cell.value is not None for cell in row[COLUMNS:]):
            raise ExchangeError(f"the sheet has more than {COLUMNS} columns")
        yield [_cell_text(cell) for cell in row[:COLUMNS]]


def _cell_text(cell: Any) -> str:
    value = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number_text(Decimal(repr(value)), "%" in (cell.number_format or ""))
        case datetime() if value.time() == time(0) and "h" not in (cell.number_format or ""):
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)


def _number_text(number: Decimal, percent: bool) -> str:
    if percent:
        number = number.scaleb(2)
    if number == number.to_integral_value():
        number = number.quantize(Decimal(1)) if number.adjusted() < 28 else number
    return format(number, "f") + ("%" if percent else "")


def write_xlsx(rows: Iterable[Sequence[str]], name: str, bold: int = -1) -> bytes:
    """Rows as an XLSX file with one sheet; every cell is a text, row `bold` (from 0) is the line of columns."""
    import xlsxwriter  # slow to import, and seldom needed

    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": _MADE})
    page = book.add_worksheet(_SHEET_NAME.sub("_", name)[:31] or "sheet")
    formats = {
        True: book.add_format({"bold": True, "num_format": "@"}),
        False: book.add_format({"num_format": "@"}),
    }
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            if len(text) > CHARACTERS:
                raise ExchangeError(f"a cell has more than {CHARACTERS} characters", [f"row {number + 1}"])
            page.write_string(number, column, escaped(text), formats[number == bold])
    page.autofit()
    book.close()
    return made.getvalue()


def _sized(content: bytes) -> None:
    if len(content) > FILE_BYTES:
        raise ExchangeError(f"the file is larger than {FILE_BYTES // 1_000_000} MB")


def _sheet(lines: Iterable[Sequence[str]]) -> Sheet:
    rows: Grid = []
    warnings: list[str] = []
    for number, line in enumerate(lines, 1):
        if number > ROWS:
            raise ExchangeError(f"the file has more than {ROWS} rows")
        if len(line) > COLUMNS and any(line[COLUMNS:]):
            raise ExchangeError(f"row {number} has more than {COLUMNS} columns")
        if any(len(cell) > CHARACTERS for cell in line):
            raise ExchangeError(f"a cell of row {number} has more than {CHARACTERS} characters")
        warnings += [
            f"{place(number, column)} looks like a formula and is read as text: {cell[:60]}"
            for column, cell in enumerate(line, 1)
            if _is_formula(cell)
        ]
        rows.append([unescaped(cell) for cell in line])
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return Sheet(rows, tuple(warnings[:50]))


def place(row: int, column: int) -> str:
    """A cell as spreadsheets name it: B7."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"
