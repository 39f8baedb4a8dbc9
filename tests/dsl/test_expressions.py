"""Expressions: every form of language.md, its precedence and its span."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from dsl import syntax
from dsl.parser import parse_expression


def expression(text: str) -> syntax.Expression:
    node, found = parse_expression(text)
    assert found == ()
    assert node is not None
    return node


def shape(node: object) -> object:
    """An expression as nested tuples, brackets shown by nesting."""
    match node:
        case syntax.Literal():
            return node.value
        case syntax.Name():
            return node.name
        case syntax.Path():
            return (shape(node.base), ".", node.field)
        case syntax.Unary():
            return (node.operator, shape(node.operand))
        case syntax.Binary():
            return (shape(node.left), node.operator, shape(node.right))
        case _:
            return node


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("12", "integer", 12),
        ("33.30", "decimal", Decimal("33.30")),
        ("5%", "percent", Decimal("0.05")),
        ("0.125%", "percent", Decimal("0.00125")),
        ('"a\\"b\\\\c\\n\\t\\u{1F4A1}"', "text", 'a"b\\c\n\t\U0001f4a1'),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ("2026-01-31", "date", date(2026, 1, 31)),
        ("08:30", "time", time(8, 30)),
        ("2026-01-31T08:00:00Z", "datetime", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("15 minutes", "duration", {"amount": 15, "unit": "minutes"}),
        ("1 day", "duration", {"amount": 1, "unit": "days"}),
        ("2 business_days", "duration", {"amount": 2, "unit": "business_days"}),
        ("5 KGM", "quantity", {"value": Decimal(5), "unit": "KGM"}),
        ("5   EA", "quantity", {"value": Decimal(5), "unit": "EA"}),
        ("12.50 EUR", "money", {"value": Decimal("12.50"), "currency": "EUR"}),
    ],
)
def test_literal_has_its_kind_and_value(text: str, kind: str, value: object) -> None:
    node = expression(text)
    assert isinstance(node, syntax.Literal)
    assert (node.kind, node.value) == (kind, value)


def test_datetime_keeps_its_offset() -> None:
    node = expression("2026-01-31T08:00:00+01:00")
    assert isinstance(node, syntax.Literal)
    assert node.value.utcoffset().total_seconds() == 3600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", ("a", "+", ("b", "*", "c"))),
        ("(a + b) * c", (("a", "+", "b"), "*", "c")),
        ("a - b - c", (("a", "-", "b"), "-", "c")),
        ("a & b + c", ("a", "&", ("b", "+", "c"))),
        ("a or b and not c", ("a", "or", ("b", "and", ("not", "c")))),
        ("not a = b", ("not", ("a", "=", "b"))),
        ("a & b = c & d", (("a", "&", "b"), "=", ("c", "&", "d"))),
        ("-a.b", ("-", (("a", ".", "b")))),
        ('nc."Material Number"', ("nc", ".", "Material Number")),
        ('edi.GS."06"', (("edi", ".", "GS"), ".", "06")),
    ],
)
def test_precedence_is_that_of_excel(text: str, expected: object) -> None:
    assert shape(expression(text)) == expected


def test_call_parts_positional_and_named_arguments() -> None:
    node = expression('datetime(nc.a & nc.b, "YYYY", zone: plant_zone(nc.c))')
    assert isinstance(node, syntax.Call)
    assert (node.function, len(node.arguments), [name for name, _ in node.named]) == ("datetime", 2, ["zone"])


def test_comprehension_has_condition_order_and_named_arguments() -> None:
    node = expression('join(x.a for x in l where x.b = 1 order by x.c descending, x.d, separator: ", ")')
    assert isinstance(node, syntax.Comprehension)
    assert (node.function, node.variable) == ("join", "x")
    assert node.where is not None
    assert [key.descending for key in node.order_by] == [True, False]
    assert [name for name, _ in node.named] == ["separator"]


def test_comprehension_takes_named_arguments_without_an_order() -> None:
    node = expression('join(x for x in l, separator: ", ")')
    assert isinstance(node, syntax.Comprehension)
    assert [name for name, _ in node.named] == ["separator"]


def test_field_after_a_lookup_is_its_column() -> None:
    node = expression("lookup plants(a, b).zone")
    assert isinstance(node, syntax.LookupCall)
    assert (node.lookup, len(node.keys), node.column) == ("plants", 2, "zone")


def test_table_call_gives_its_arguments() -> None:
    node = expression("table disposition(nc.severity, nc.rate).hold")
    assert isinstance(node, syntax.Path)
    assert isinstance(node.base, syntax.TableCall)


def test_lookup_and_table_are_names_where_no_name_follows() -> None:
    assert shape(expression("lookup & table.x")) == ("lookup", "&", ("table", ".", "x"))


@pytest.mark.parametrize(
    ("text", "test", "negated"),
    [("a is missing", "missing", False), ("a is not blank", "blank", True)],
)
def test_presence(text: str, test: str, negated: bool) -> None:
    node = expression(text)
    assert isinstance(node, syntax.Presence)
    assert (node.test, node.negated) == (test, negated)


@pytest.mark.parametrize(("text", "negated"), [("a in [b, c]", False), ("a not in [b]", True)])
def test_membership(text: str, negated: bool) -> None:
    node = expression(text)
    assert isinstance(node, syntax.Membership)
    assert node.negated is negated


def test_record_keys_may_be_keywords_and_quoted() -> None:
    node = expression('{ first: 1, in: 2, "b c": { } }')
    assert isinstance(node, syntax.RecordLiteral)
    assert [key for key, _ in node.fields] == ["first", "in", "b c"]


@pytest.mark.parametrize("word", ["first", "sample", "all", "row", "policy", "on_hand", "minutes", "KGM"])
def test_keywords_of_other_places_are_plain_names(word: str) -> None:
    assert shape(expression(word)) == word


def test_line_breaks_inside_brackets_are_white_space() -> None:
    assert isinstance(expression("coalesce(\n  a, # the first\n  b\n)"), syntax.Call)


def test_span_includes_brackets() -> None:
    node = expression("(a + b) * c")
    assert (node.span.start, node.span.end) == (0, 11)


def test_spans_are_moved_by_the_offset() -> None:
    node, _ = parse_expression("a + b", offset=100)
    assert node is not None
    assert (node.span.start, node.span.end) == (100, 105)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "M101"), ("a b", "M101"), ("a +", "M101"), ("a\nb", "M101"), ("a == b", "M101"), ("a = b = c", "M101"),
        ("'a'", "M101"), ("trim(a", "M106"), ('"a', "M105"), ("5 kilos", "M114"), ("2026-02-30", "M109"),
        ("2026-01-01T08:00", "M109"), ("1.5 hours", "M109"), ("1" * 35, "M109"), ('"\\d"', "M110"), ("а + b", "M104"),
        ("(" * 10_000 + "a" + ")" * 10_000, "M107"), ("not " * 10_000 + "a", "M107"), ("a" + " & a" * 10_000, "M107"),
    ],
)  # fmt: skip
def test_what_is_no_expression_gives_one_finding(text: str, code: str) -> None:
    node, found = parse_expression(text)
    assert node is None
    assert [d.code for d in found] == [code]
