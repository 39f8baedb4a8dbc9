"""Out and in again is the same table: as text, CSV, XLSX and DMN."""

from hypothesis import HealthCheck, given, settings

from dsl.exchange.content import ColumnContent, Content, LookupContent, RowContent, TableContent, comment_text
from dsl.exchange.dmn_reading import read_dmn
from dsl.exchange.dmn_writing import to_dmn
from dsl.exchange.reading import read_lookup, read_table
from dsl.exchange.sheet_reading import Wish, read_sheet
from dsl.exchange.sheet_writing import to_csv, to_xlsx
from dsl.exchange.sheets import read_csv, read_xlsx
from dsl.exchange.writing import module_text
from dsl.parser import parse
from dsl.source import Source
from tests.dsl.exchange.contents import lookups, tables

often = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def through_text(content: Content) -> Content:
    parsed = parse(Source("a.mw", module_text([content])))
    assert parsed.diagnostics == ()
    return (
        read_lookup(parsed, content.name)
        if isinstance(content, LookupContent)
        else read_table(parsed, content.name)
    )


@often
@given(tables() | lookups())
def test_text(content):
    assert through_text(content) == content


@often
@given(tables() | lookups())
def test_csv(content):
    back, warnings = read_sheet(read_csv(to_csv(content)), Wish())
    assert (back, warnings) == (content, ())


@settings(often, max_examples=30)
@given(tables() | lookups())
def test_xlsx(content):
    back, warnings = read_sheet(read_xlsx(to_xlsx(content)), Wish())
    assert (back, warnings) == (content, ())


@often
@given(tables())
def test_dmn(table):
    (back,), warnings = read_dmn(to_dmn(table))
    assert (back, warnings) == (table, ())


@often
@given(tables())
def test_dmn_and_csv_make_the_same_text(table):
    (by_dmn,), _ = read_dmn(to_dmn(table))
    by_csv, _ = read_sheet(read_csv(to_csv(table)), Wish())
    assert module_text([by_dmn]) == module_text([by_csv])


def test_a_comment_ends_without_a_blank_where_a_hidden_character_stood():
    assert comment_text("a \u200b") == "a"


def test_blanks_inside_a_text_stay_as_they_are():
    row = RowContent(id="r1", inputs=("-",), outputs=('"a  b\xa0"',))
    table = TableContent(
        name="t",
        policy="unique",
        aggregation="list",
        inputs=(ColumnContent(name="a", type="text"),),
        outputs=(ColumnContent(name="b", type="text"),),
        rows=(row,),
    )
    back, _ = read_sheet(read_csv(to_csv(table)), Wish())
    assert back == table
