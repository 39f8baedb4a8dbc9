"""Every output path leads back to input paths, rows and a line."""

import pytest

from rules.lineage import explain, value_at
from tests.rules.rulebook import run

HEAD = 'lookup codes : text -> text\n  | "k7" => "K" |\n  | "b" => "B" |\nend\n'
ITEMS = [{"k": "b", "v": 2}, {"k": "a", "v": 5}, {"k": "b", "v": 9}]


@pytest.mark.parametrize(
    ("line", "path", "sources", "decisions"),
    [
        ("t1 = doc.a & doc.e", "t1", ("doc.a", "doc.e"), ()),
        ("t1 = lookup codes(doc.a)", "t1", ("doc.a",), ("lookup codes row 1",)),
        ('t1 = doc.b on missing use "u"', "t1", (), ("on missing use",)),
        ("let x = lookup codes(doc.a)\n  t1 = x", "t1", ("doc.a",), ("lookup codes row 1",)),
        ("let r = doc.r\n  n1 = r.u", "n1", ("doc.r.u",), ()),
        ('if doc.m > 2\n    t1 = doc.a\n  else\n    t1 = "x"\n  end', "t1", ("doc.a",), ("if doc.m > 2",)),
        ('if doc.m > 9\n    t1 = doc.a\n  else\n    t1 = "x"\n  end', "t1", (), ("else",)),
        ("i1 = sum(x.v for x in doc.items)", "i1", ("doc.items[*].v",), ()),
        ("rec.t = doc.a", "rec.t", ("doc.a",), ()),
    ],
)
def test_sources_and_decisions(
    line: str, path: str, sources: tuple[str, ...], decisions: tuple[str, ...]
) -> None:
    trace = run(f"  {line}", HEAD, items=ITEMS, r={"u": 1}).lineage[path]
    assert (trace.sources, trace.decisions) == (sources, decisions)


def test_rows_name_the_source_row_they_came_from() -> None:
    body = '  each x in doc.items where x.k = "b" order by x.v descending into l1\n    i = x.v\n    t = lookup codes(x.k)\n  end'
    lineage = run(body, HEAD, items=ITEMS).lineage
    assert lineage["l1[0].i"].sources == ("doc.items[2].v",)
    assert lineage["l1[1].i"].sources == ("doc.items[0].v",)
    assert lineage["l1[1].t"].decisions == ("lookup codes row 2",)


def test_a_group_names_all_its_rows() -> None:
    body = "  each x in doc.items group by k = x.k into l1\n    i = sum(y.v for y in x.items)\n    t = x.key.k on missing skip\n  end"
    lineage = run(body, items=ITEMS).lineage
    assert lineage["l1[0].i"].sources == ("doc.items[0].v", "doc.items[2].v")
    assert lineage["l1[1].t"].sources == ("doc.items[1].k",)


def test_dropped_rows_leave_no_trace() -> None:
    body = "  each x in doc.items into l1\n    t = lookup codes(x.k) on no_match skip row\n  end"
    lineage = run(body, HEAD, items=ITEMS).lineage
    assert [trace.sources for trace in lineage.values()] == [("doc.items[0].k",), ("doc.items[2].k",)]


def test_the_place_is_the_formula() -> None:
    place = run("  t1 = doc.a").lineage["t1"].place
    assert (place.file, place.line, place.column) == ("maps/generated.mw", 8, 8)


def test_explain_shows_values_of_the_sources() -> None:
    found = explain(run('  t1 = doc.a & "!"'), "t1")
    assert (found["value"], found["sources"]) == ("k7!", [{"path": "doc.a", "value": "k7"}])


def test_explain_of_a_failed_field_shows_why() -> None:
    found = explain(run("  i1 = integer(doc.a)"), "i1")
    assert (found["made"], found["failures"][0]["message"]) == (False, '"k7" is not a number')


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", 1), ("l[1].k", "y"), ('"x y"', 3), ('l[0]."04"', 4), ("l[7].k", None), ("a.b", None)],
)
def test_paths_find_their_value(path: str, expected: object) -> None:
    assert value_at({"a": 1, "x y": 3, "l": [{"k": "x", "04": 4}, {"k": "y"}]}, path) == expected
