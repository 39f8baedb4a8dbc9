"""Failures are values: isolated, handled by kind, all collected, with their place."""

import pytest

from rules.outcome import Context
from tests.rules.rulebook import NOW, run

SKIP = "  on missing skip\n  on error reject\n  on no_match reject\n  on many reject\n"
LOOKUP = 'lookup codes : text -> text\n  | "a" => "A" |\nend\n'


def test_one_failing_field_leaves_its_neighbours_alone() -> None:
    outcome = run("  t1 = doc.a\n  i1 = integer(doc.a) on error skip warn")
    assert outcome.event == {"t1": "k7"}
    assert outcome.state == "done"


def test_all_failing_fields_are_collected() -> None:
    outcome = run("  i1 = integer(doc.a)\n  t1 = doc.b\n  t2 = lookup codes(doc.a)", LOOKUP)
    assert [(f.path, f.kind) for f in outcome.failures] == [
        ("i1", "error"),
        ("t1", "missing"),
        ("t2", "no_match"),
    ]
    assert outcome.state == "rejected"
    assert outcome.event is None


def test_the_order_of_lines_changes_nothing() -> None:
    lines = ["  i1 = integer(doc.a)", "  t1 = doc.a", "  t2 = doc.b"]
    first, second = run("\n".join(lines)), run("\n".join(reversed(lines)))
    assert {(f.path, f.kind, f.value) for f in first.failures} == {
        (f.path, f.kind, f.value) for f in second.failures
    }


def test_a_failure_names_place_and_value() -> None:
    failure = run("  t1 = doc.a\n  i1 = integer(doc.a)").failures[0]
    assert (failure.value, failure.step, failure.message) == ("k7", "map/m", '"k7" is not a number')
    assert (failure.place.file, failure.place.line, failure.place.column) == ("maps/generated.mw", 9, 8)


def test_the_place_is_the_part_that_failed() -> None:
    failure = run('  t1 = "x" & lookup codes(doc.a)', LOOKUP).failures[0]
    assert failure.place.column == 14


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('t1 = doc.b on missing use "u"', {"t1": "u"}),
        ("t1 = doc.b on missing skip", {}),
        ("i1 = integer(doc.a) on error use 7", {"i1": 7}),
        ('t1 = lookup codes(doc.a) on no_match use "n"', {"t1": "n"}),
        ('t1 = one(x.k for x in doc.items) on many use "many" on missing skip', {"t1": "many"}),
    ],
)
def test_each_kind_has_its_handler(line: str, event: dict[str, object]) -> None:
    assert run(f"  {line}", LOOKUP, items=[{"k": "a"}, {"k": "b"}]).event == event


def test_a_warning_is_recorded_and_changes_nothing() -> None:
    outcome = run('  t1 = doc.b on missing use "u" warn')
    assert [(f.action, f.warn) for f in outcome.failures] == [("use", True)]
    assert (outcome.state, outcome.event) == ("done", {"t1": "u"})


def test_what_is_handled_silently_leaves_no_failure() -> None:
    assert run('  t1 = doc.b on missing use "u"').failures == ()


def test_the_policy_of_the_map_stands_in() -> None:
    assert run("  t1 = doc.b\n  t2 = doc.a", policy=SKIP).event == {"t2": "k7"}


def test_a_row_can_go_alone() -> None:
    body = "  each x in doc.items into l1\n    t = x.k\n    i = x.v on missing reject row\n  end"
    outcome = run(body, items=[{"k": "a", "v": 1}, {"k": "b"}, {"k": "c", "v": 3}])
    assert outcome.event == {"l1": [{"t": "a", "i": 1}, {"t": "c", "i": 3}]}
    assert [(f.path, f.action) for f in outcome.failures] == [("l1[1].i", "reject row")]
    assert outcome.state == "done"


def test_a_skipped_row_takes_its_other_failures_along() -> None:
    body = "  each x in doc.items into l1\n    n = decimal(x.k)\n    i = x.v on missing skip row\n  end"
    outcome = run(body, items=[{"k": "no number"}, {"k": "2", "v": 1}])
    assert (outcome.state, outcome.failures) == ("done", ())


def test_fields_that_need_a_failed_let_stay_silent() -> None:
    outcome = run("  let x = integer(doc.a)\n  i1 = x\n  i2 = x + 1\n  t1 = doc.a")
    assert [f.path for f in outcome.failures] == ["let x"]


def test_a_skipped_let_is_missing() -> None:
    assert run("  let x = integer(doc.a) on error skip\n  i1 = coalesce(x, 5)").event == {"i1": 5}


def test_a_check_that_does_not_hold_rejects_with_its_words() -> None:
    outcome = run('  i1 = doc.m\n  check i1 > 5 else reject "too few: " & doc.a')
    assert (outcome.state, outcome.reason) == ("rejected", "check: too few: k7")


def test_a_check_waits_until_its_fields_are_made() -> None:
    outcome = run('  check i1 > 5 else reject "too few"\n  i1 = doc.m * 2')
    assert outcome.state == "done"


def test_a_check_is_silent_where_fields_failed() -> None:
    outcome = run('  i1 = integer(doc.a)\n  check i1 > 5 else reject "too few"')
    assert [f.path for f in outcome.failures] == ["i1"]


@pytest.mark.parametrize("expression", ["1 / (doc.m - 3)", "doc.n / doc.i"])
def test_division_by_zero_is_an_error_of_its_field(expression: str) -> None:
    outcome = run(f"  n1 = {expression}\n  t1 = doc.a", n=0, i=0)
    assert [(f.path, f.kind, f.message) for f in outcome.failures] == [("n1", "error", "division by zero")]


def test_differing_units_are_an_error() -> None:
    outcome = run("  q1 = doc.q + 1 EA", q={"value": "5", "uom": "KGM"})
    assert [f.kind for f in outcome.failures] == ["error"]


def test_a_run_ends_where_its_fuel_does() -> None:
    body = "  each x in doc.items into l1\n    t = x.k\n    each y in doc.items into l\n      t = y.k\n    end\n  end"
    outcome = run(body, context=Context(NOW, fuel=50), items=[{"k": "a"}] * 20)
    assert (outcome.state, outcome.failures[0].code) == ("rejected", "budget_exceeded")
    assert outcome.failures[0].place.file == "maps/generated.mw"


def test_a_text_that_doubles_is_stopped() -> None:
    lets = ["  let w0 = doc.a & doc.a"] + [f"  let w{n} = w{n - 1} & w{n - 1}" for n in range(1, 40)]
    outcome = run("\n".join([*lets, "  t1 = w39"]), a="x" * 100)
    assert (outcome.state, outcome.failures[0].code) == ("rejected", "budget_exceeded")


def test_a_number_that_explodes_is_an_error() -> None:
    lets = ["  let w0 = doc.m * 99999"] + [f"  let w{n} = w{n - 1} * w{n - 1}" for n in range(1, 30)]
    outcome = run("\n".join([*lets, "  i1 = w29"]))
    assert [(f.kind, f.message) for f in outcome.failures] == [("error", "the result is too large")]
