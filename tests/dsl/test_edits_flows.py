"""Edits of flows and playbooks: one line of difference each, comments untouched."""

from collections.abc import Callable

import pytest

from dsl import edits, forms
from dsl.diagnostics import Edit
from dsl.errors import EditError
from dsl.parser import Parsed, parse
from dsl.printer import format_text
from dsl.source import Source

TEXT = """# who does what
flow f
  receive a.b as nc : s.x "v1"  # the master
  owner "q"  criticality high
  order by nc.lot
  keys lot = nc.lot, item = nc.item
  enrich x = recall items(nc.item) on missing wait 1 hours then skip  # weight
  call erp.stock using to_query(nc) as r : erp.answer "v1" on error skip
  map with m(nc, x) as made
  apply r
  reply using answer(nc, r)
  on failure playbook "p"
end
playbook "p"
  runbook "docs/p.md"
  on transport retry for 6 hours then hold alert operations "down"  # ERP
  on mapping park
end
"""


def parsed(text: str = TEXT) -> Parsed:
    found = parse(Source("m.mw", text))
    assert not found.diagnostics
    return found


def difference(made: tuple[Edit, ...]) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    before, after = TEXT.splitlines(), edits.apply_edits(TEXT, made).splitlines()
    parsed("\n".join(after) + "\n")
    return [line.strip() for line in before if line not in after], [
        line.strip() for line in after if line not in before
    ]


CASES: list[tuple[Callable[[Parsed], tuple[Edit, ...]], list[str], list[str]]] = [
    (lambda p: edits.set_receive(p, "f", "a.c", "nc", "s.x", "v2"),
     ['receive a.b as nc : s.x "v1"  # the master'], ['receive a.c as nc : s.x "v2"  # the master']),
    (lambda p: edits.set_flow_property(p, "f", "owner", "sales"),
     ['owner "q"  criticality high'], ['owner "sales"  criticality high']),
    (lambda p: edits.set_flow_property(p, "f", "owner", ""), ['owner "q"  criticality high'], ["criticality high"]),
    (lambda p: edits.set_flow_property(p, "f", "criticality", ""), ['owner "q"  criticality high'], ['owner "q"']),
    (lambda p: edits.set_flow_property(p, "f", "sla", "5 minutes"), [], ["sla 5 minutes"]),
    (lambda p: edits.set_flow_property(p, "f", "order_by", ""), ["order by nc.lot"], []),
    (lambda p: edits.set_flow_property(p, "f", "order_by", "nc.item"), ["order by nc.lot"], ["order by nc.item"]),
    (lambda p: edits.set_flow_property(p, "f", "identify_by", "nc.no"), [], ["identify by nc.no"]),
    (lambda p: edits.set_flow_property(p, "f", "playbook", "other"),
     ['on failure playbook "p"'], ['on failure playbook "other"']),
    (lambda p: edits.set_flow_property(p, "f", "playbook", ""), ['on failure playbook "p"'], []),
    (lambda p: edits.set_flow_keys(p, "f", [("lot", "nc.charge"), ("item", "nc.item")]),
     ["keys lot = nc.lot, item = nc.item"], ["keys lot = nc.charge, item = nc.item"]),
    (lambda p: edits.set_flow_keys(p, "f", []), ["keys lot = nc.lot, item = nc.item"], []),
    (lambda p: edits.set_step(p, "f", 1, "enrich x = recall items(nc.item) on missing reject"),
     ["enrich x = recall items(nc.item) on missing wait 1 hours then skip  # weight"],
     ["enrich x = recall items(nc.item) on missing reject  # weight"]),
    (lambda p: edits.add_step(p, "f", "apply other", 4), [], ["apply other"]),
    (lambda p: edits.add_step(p, "f", "enrich z = recall items(nc.item) on missing skip", 0), [],
     ["enrich z = recall items(nc.item) on missing skip"]),
    (lambda p: edits.remove_step(p, "f", 4), ["apply r"], []),
    (lambda p: edits.move_step(p, "f", 4, 3), [], []),
    (lambda p: edits.set_runbook(p, "p", "docs/q.md"), ['runbook "docs/p.md"'], ['runbook "docs/q.md"']),
    (lambda p: edits.set_runbook(p, "p", ""), ['runbook "docs/p.md"'], []),
    (lambda p: edits.set_reaction(p, "p", 1, "on transport hold"),
     ['on transport retry for 6 hours then hold alert operations "down"  # ERP'], ["on transport hold  # ERP"]),
    (lambda p: edits.add_reaction(p, "p", "on partner_data hold"), [], ["on partner_data hold"]),
    (lambda p: edits.remove_reaction(p, "p", 2), ["on mapping park"], []),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "gone", "come"), CASES)
def test_an_edit_changes_its_line_and_no_other(edit, gone, come) -> None:
    assert difference(edit(parsed())) == (gone, come)


def test_a_moved_step_stands_before_the_other() -> None:
    after = edits.apply_edits(TEXT, edits.move_step(parsed(), "f", 4, 3))
    assert after.index("apply r") < after.index("map with") < after.index("reply using")


def test_what_is_no_step_is_refused() -> None:
    for text in ('owner "x"', "map", "apply a\napply b", "send a.b using m"):
        with pytest.raises(EditError):
            edits.add_step(parsed(), "f", text)


def test_the_form_says_what_each_step_does() -> None:
    steps = forms.flow_form(parsed(), "f")["steps"]
    assert [step["kind"] for step in steps] == ["enrich", "call", "map", "apply", "reply"]
    enrich, call, mapped = steps[:3]
    assert (enrich["dataset"], enrich["keys"], enrich["wait"]) == ("items", ["nc.item"], "1 hours")
    assert enrich["handlers"] == [{"on": "missing", "action": "skip", "value": None, "warn": False}]
    assert (call["endpoint"], call["map"], call["arguments"], call["variable"]) == (
        "erp.stock",
        "to_query",
        ["nc"],
        "r",
    )
    assert (mapped["name"], mapped["arguments"], mapped["variable"]) == ("m", ["nc", "x"], "made")


def test_the_form_of_a_playbook() -> None:
    form = forms.playbook_form(parsed(), "p")
    first = form["reactions"][0]
    assert form["runbook"] == "docs/p.md"
    assert (
        first["failure"],
        first["retry"],
        first["action"],
        first["channel"],
        first["message"],
        first["comment"],
    ) == (
        "transport",
        "6 hours",
        "hold",
        "operations",
        "down",
        "ERP",
    )


def test_the_formatter_puts_each_reaction_on_its_line_and_keeps_comments() -> None:
    text = 'playbook   "p"\nrunbook "p.md"\n# the ERP\non transport retry for 6   hours then hold  # late\n   on mapping   park\nend\n'
    assert format_text(Source("m.mw", text)) == (
        'playbook "p"\n  runbook "p.md"\n  # the ERP\n  on transport retry for 6 hours then hold  # late\n  on mapping park\nend\n'
    )
