"""A flow: read by its schema, mapped, ruled; its keys."""

from typing import Any

from rules import engine
from rules.outcome import Outcome
from tests.rules.rulebook import CONTEXT, DOCUMENT, compiled

FLOW = (
    'flow f\n  receive in.docs as doc : s.doc "v1"\n  owner "q"\n  identify by doc.a & "/" & doc.b\n'
    "  order by doc.a\n  keys lot = doc.a, batch = doc.b\n  map with m\n  apply r\nend\n"
)
MAP = "map m : doc in s.doc -> t.out\n  on missing reject\n  t1 = doc.a\n  i1 = doc.m\nend\n"
RULES = 'rules r : n in t.out\n  rule one\n    when coalesce(n.i1, 0) > 2\n    then alert q "big"\n    because "so"\n  end\nend\n'


def flow(**fields: Any) -> Outcome:
    return engine.run(compiled(MAP + RULES + FLOW), "f", DOCUMENT | fields, CONTEXT)


def test_the_map_makes_the_event_and_the_rules_decide() -> None:
    outcome = flow()
    assert (outcome.state, outcome.event) == ("done", {"t1": "k7", "i1": 3})
    assert len(outcome.actions) == 1
    assert outcome.document == DOCUMENT


def test_a_document_that_does_not_fit_is_rejected_with_every_fault() -> None:
    outcome = flow(m="x", e="pink")
    assert outcome.state == "rejected"
    assert [(f.path, f.kind, f.step) for f in outcome.failures] == [
        ("m", "error", "schema/s.doc"),
        ("e", "error", "schema/s.doc"),
    ]
    assert outcome.reason == "the document does not fit s.doc v1: m: expected a whole number"


def test_rules_do_not_run_after_a_map_that_rejects() -> None:
    rule_set = compiled(MAP.replace("t1 = doc.a", "t1 = doc.b") + RULES + FLOW)
    outcome = engine.run(rule_set, "f", DOCUMENT, CONTEXT)
    assert (outcome.state, len(outcome.rules), outcome.event) == ("rejected", 0, None)


def test_keys_are_texts_and_what_is_missing_is_left_out() -> None:
    keys = engine.keys(compiled(MAP + RULES + FLOW), "f", DOCUMENT, CONTEXT)
    assert (keys.identify, keys.order, dict(keys.business)) == (None, "k7", {"lot": "k7"})


def test_keys_of_a_whole_document() -> None:
    keys = engine.keys(compiled(MAP + RULES + FLOW), "f", DOCUMENT | {"b": "B1"}, CONTEXT)
    assert (keys.identify, dict(keys.business)) == ("k7/B1", {"lot": "k7", "batch": "B1"})


def test_flows_are_found_by_their_endpoint() -> None:
    rule_set = compiled(MAP + RULES + FLOW)
    assert rule_set.flows_for("in.docs") == ("f",)
    assert rule_set.flows_for("nowhere") == ()


def test_the_same_input_gives_the_same_outcome() -> None:
    assert flow() == flow()
