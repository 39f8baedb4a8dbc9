"""Rules: what fires, in which order, and what it leads to."""

from typing import Any

import pytest

from rules import engine
from rules.outcome import AlertAction, Outcome, RaiseAction, SendAction, to_json
from tests.rules.rulebook import CONTEXT, compiled

MAPS = "map out : n in t.out -> t.out\n  on missing skip\n  t1 = n.t1\nend\n"
TABLE = 'table kind policy first\n  | row | i: integer? => k: text |\n  | big | > 5 => "big" |\n  | small | - => "small" |\nend\n'


def rule(name: str, when: str, then: str, because: str = "so") -> str:
    return f'  rule {name}\n    when {when}\n    then {then}\n    because "{because}"\n  end\n'


def apply(body: str, subject: Any, mode: str = "", head: str = "") -> Outcome:
    """The outcome of rules with this body."""
    text = f"{MAPS}{head}rules r : n in t.out{mode}\n{body}end\n"
    return engine.apply_rules(compiled(text), "r", subject, CONTEXT)


def test_all_matching_rules_fire_in_order() -> None:
    body = (
        rule("one", "true", 'alert q "1"')
        + rule("two", "false", 'alert q "2"')
        + rule("three", "true", 'alert q "3"')
    )
    outcome = apply(body, {})
    assert [a.text for a in outcome.actions if isinstance(a, AlertAction)] == ["1", "3"]
    assert [(t.rule, t.fired) for t in outcome.rules] == [("one", True), ("two", False), ("three", True)]


def test_first_stops_at_the_first() -> None:
    body = rule("one", "true", 'alert q "1"') + rule("two", "true", 'alert q "2"')
    assert len(apply(body, {}, " first").actions) == 1


def test_send_makes_the_payload_of_its_map() -> None:
    action = apply(
        rule("one", "true", 'send out.docs using out to "V7" key coalesce(n.t1, "k")'), {"t1": "a"}
    ).actions[0]
    assert isinstance(action, SendAction)
    assert (action.endpoint, action.payload, action.to, action.key) == ("out.docs", {"t1": "a"}, "V7", "a")
    assert (action.rules, action.rule, action.ordinal) == ("r", "one", 0)


def test_lineage_of_a_payload_names_the_subject() -> None:
    action = apply(rule("one", "true", "send out.docs using out"), {"t1": "a"}).actions[0]
    assert isinstance(action, SendAction)
    assert action.lineage["t1"].sources == ("n.t1",)


def test_a_send_for_each_element_counts_them() -> None:
    outcome = apply(
        rule("one", "true", "each l in n.l1 send out.docs using out(n)"), {"l1": [{"t": "a"}, {"t": "b"}]}
    )
    assert [a.ordinal for a in outcome.actions if isinstance(a, SendAction)] == [0, 1]


@pytest.mark.parametrize(
    ("action", "state"),
    [('reject "no"', "rejected"), ('ignore "no"', "ignored"), ('hold for review "no"', "held")],
)
def test_an_end_leaves_no_action_and_says_why(action: str, state: str) -> None:
    body = (
        rule("one", "true", "send out.docs using out")
        + rule("two", "true", action)
        + rule("three", "true", 'alert q "x"')
    )
    outcome = apply(body, {})
    assert (outcome.state, outcome.reason, outcome.actions) == (state, "no", ())
    assert [t.fired for t in outcome.rules] == [True, True, False]


def test_facts_are_set() -> None:
    assert apply(rule("one", "true", 'set kind = "x"'), {}).facts == {"kind": "x"}


def test_a_raised_event_carries_its_payload() -> None:
    action = apply(rule("one", "true", "raise t.out using out"), {"t1": "a"}).actions[0]
    assert isinstance(action, RaiseAction)
    assert (action.event, action.payload) == ("t.out", {"t1": "a"})


def test_a_trace_tells_reason_and_values() -> None:
    body = "  let k = table kind(n.i1)\n" + rule(
        "one", 'k = "big" and n.t1 is not missing', 'alert q "x"', "it is big"
    )
    trace = apply(body, {"i1": 7, "t1": "a"}, head=TABLE).rules[0]
    assert (trace.fired, trace.because, dict(trace.values)) == (True, "it is big", {"k": "big", "n.t1": "a"})


def test_the_rows_of_tables_are_told() -> None:
    outcome = apply(
        "  let k = table kind(n.i1)\n" + rule("one", 'k = "big"', 'alert q "x"'), {"i1": 1}, head=TABLE
    )
    assert list(outcome.decisions) == ["table kind small"]


def test_a_map_that_rejects_rejects_the_message() -> None:
    head = "map bad : n in t.out -> t.out\n  on missing reject\n  t1 = n.t2\nend\n"
    outcome = apply(rule("one", "true", "send out.docs using bad"), {}, head=head)
    assert (outcome.state, outcome.reason, outcome.actions) == ("rejected", "t1: n.t2 is missing", ())


def test_rules_see_the_message() -> None:
    body = rule("one", "true", 'alert q coalesce(text(message.id), "none")')
    assert [a.text for a in apply(body, {}).actions if isinstance(a, AlertAction)] == ["m1"]


def test_an_outcome_is_json() -> None:
    found = to_json(apply(rule("one", "true", "send out.docs using out"), {"t1": "a", "n1": 1}))
    assert found["document"] == {"t1": "a", "n1": "1"}
    assert found["actions"][0]["payload"] == {"t1": "a"}
    assert set(found) >= {"state", "document", "event", "actions", "failures", "lineage"}
