"""Completion and hover know the schemas, the functions and what stands around."""

import pytest

from dsl.completion import complete
from dsl.navigation import hover
from tests.dsl.workshop import USES, checked, in_map


def labels(module, mark="|"):
    """The labels offered at the mark."""
    offset = (module if module.startswith("use ") else USES + module).index(mark)
    program = checked(module.replace(mark, "", 1))
    return [entry["label"] for entry in complete(program, "m.mw", offset)]


def test_fields_of_the_source_after_a_dot():
    assert labels(in_map("note = nc.^"), "^")[:3] == ["number", "qty", "unit"]


def test_fields_of_a_record_inside():
    assert labels(in_map("note = nc.sender.^"), "^") == ["id", "name"]


def test_target_fields_that_are_not_set_yet_at_the_start_of_a_line():
    offered = labels(in_map("^"), "^")
    assert "qty" in offered and "supplier.id" in offered and "severity" not in offered


def test_values_of_an_enumeration_where_one_is_expected():
    assert labels(in_map("supplier.id = nc.unit", "supplier.rating = ^"), "^")[:4] == ["A", "B", "C", "D"]


def test_functions_in_an_expression():
    assert "strip_zeros" in labels(in_map("note = strip^"), "^")


def test_kinds_and_actions_of_handlers():
    assert labels(in_map("note = nc.lot on ^"), "^") == ["missing", "error", "no_match", "many"]
    assert labels(in_map("note = nc.lot on missing ^"), "^")[0] == "use"


def test_each_variables_are_known_inside():
    assert labels(in_map("each d in nc.defects into defects", "  code = d.^", "end"), "^") == [
        "code",
        "count",
    ]


def test_endpoints_of_the_right_direction():
    assert labels("rules r : c in canon.case\n  rule a\n    then send ^\n  end\nend\n", "^") == [
        "qms.cases",
        "qms.spare",
        "erp.stock",
        "qms.notes",
    ]


RULE = (
    'dataset cases : case: text -> canon.case "v1"\nrules r : c in canon.case\n  rule a\n    {}\n  end\nend\n'
)


def test_actions_after_then():
    assert labels(RULE.format("then ^"), "^")[:3] == ["send", "raise", "alert"]
    assert labels(RULE.format("then rem^"), "^") == ["remember"]


def test_datasets_after_remember_and_forget():
    assert labels(RULE.format("then remember ^"), "^") == ["cases"]
    assert labels(RULE.format("then each d in c.defects forget ^"), "^") == ["cases"]


def test_what_arrives_after_expect_and_its_fields_after_event():
    assert "erp.notices" in labels(RULE.format("then expect ^"), "^")
    assert labels(RULE.format("then expect erp.notices where event.^"), "^")[:2] == ["number", "qty"]


def test_only_what_can_be_done_later_after_else():
    line = "then expect erp.notices where event.number = c.id within 1 hours else ^"
    assert labels(RULE.format(line), "^") == ["send", "raise", "alert"]


def test_the_collected_messages_are_items():
    assert "items" in labels(
        RULE.format("then collect by c.id for 1 hours then alert quality text(count(^"), "^"
    )


def test_nothing_inside_a_comment():
    assert labels(in_map("note = nc.lot # nc.^"), "^") == []


def test_hover_tells_type_and_failures():
    module = in_map("qty = decimal(nc.lot)")
    program = checked(module)
    found = hover(program, "m.mw", (USES + module).index("decimal("))
    assert found["title"].startswith("decimal(")
    assert found["detail"] == "decimal, can fail as error, missing"


def test_hover_of_a_field_tells_its_type():
    module = in_map("qty = decimal(nc.lot)")
    found = hover(checked(module), "m.mw", (USES + module).index("nc.lot") + 4)
    assert (found["title"], found["detail"]) == ("lot", "text?")


FLOW = (
    'use schema erp.notice "v1"\nuse schema canon.case "v1"\nuse schema qms.note "v1"\n'
    'dataset cases : number: text -> canon.case "v1"\n'
    "map to_case : nc in erp.notice -> canon.case\n  id = nc.number\n  severity = minor\nend\n"
    'playbook "p"\n  on transport hold\n  {playbook}\nend\n'
    'flow f\n  receive erp.notices as nc : erp.notice "v1"\n'
    "  enrich k = recall cases(nc.number) on missing reject\n  {flow}\nend\n"
)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("enrich x = recall ^", ["cases"]),
        ("call ^", ["erp.stock"]),
        ("criticality ^", ["low", "normal", "high", "critical"]),
        ("on failure playbook ^", ["p"]),
        ("map with to_case(k.^", ["id"]),
        ("enrich x = recall cases(nc.lot) on missing ^", ["wait", "use", "skip", "reject"]),
    ],
)
def test_what_a_line_of_a_flow_may_say(line, first):
    assert labels(FLOW.format(flow=line, playbook=""), "^")[: len(first)] == first


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("on ^", ["transport", "application", "partner_data", "mapping"]),
        ("on application ^", ["hold", "park"]),
        ("on application fallback ^", ["qms.cases", "qms.spare"]),
    ],
)
def test_what_a_line_of_a_playbook_may_say(line, first):
    assert labels(FLOW.format(flow="", playbook=line), "^")[: len(first)] == first
