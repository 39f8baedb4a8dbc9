"""Rules, flows, tests and uses."""

from collections.abc import Callable

import pytest

from dsl import syntax
from dsl.parser import Parsed

Read = Callable[[str], Parsed]


def the(parsed: Parsed) -> syntax.Declaration:
    assert parsed.diagnostics == ()
    (node,) = parsed.module.declarations
    return node


def action(read: Read, text: str) -> syntax.Action:
    node = the(read(f"rules r : nc in canon.x\n rule a\n  then {text}\n end\nend\n"))
    assert isinstance(node, syntax.Rules)
    rule = node.rules[0]
    assert isinstance(rule, syntax.Rule)
    return rule.actions[0]


def test_rules_have_lets_and_rules(read: Read) -> None:
    node = the(
        read(
            "rules r : nc in canon.x first\n  let d = table t(nc.a)\n  rule one\n    when d.hold\n"
            '    then reject "x"\n    then ignore "y"\n    because "why"\n  end\nend\n'
        )
    )
    assert isinstance(node, syntax.Rules)
    assert node.first_only
    assert [let.name for let in node.lets] == ["d"]
    rule = node.rules[0]
    assert isinstance(rule, syntax.Rule)
    assert (rule.name, len(rule.actions), rule.because) == ("one", 2, "why")
    assert rule.when is not None


def test_send_with_everything(read: Read) -> None:
    node = action(read, "each o in nc.orders send wms.receipt using to_receipt(nc, o) to nc.p key nc.k")
    assert isinstance(node, syntax.Send)
    assert (node.endpoint, node.map, len(node.arguments)) == ("wms.receipt", "to_receipt", 2)
    assert node.to is not None and node.key is not None and node.each is not None
    assert node.each[0] == "o"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("send a.b using m", syntax.Send), ("send a.b using m key k", syntax.Send), ("raise canon.e", syntax.Raise),
        ("raise canon.e using m(a)", syntax.Raise), ("each a in b raise canon.e using m", syntax.Raise),
        ('reject "r"', syntax.Reject), ('ignore "r" & a', syntax.Ignore), ('alert quality "t"', syntax.Alert),
        ('hold for review "r"', syntax.HoldForReview), ("set total = a + 1", syntax.SetFact),
    ],
)  # fmt: skip
def test_actions(read: Read, text: str, kind: type[syntax.Node]) -> None:
    assert isinstance(action(read, text), kind)


def test_flow_gathers_its_properties(read: Read) -> None:
    node = the(
        read(
            'flow f\n  receive qms.nc as nc : sap.x "v2"\n  owner "q"  criticality high  sla 5 minutes\n'
            '  identify by nc.a & "/" & nc.b\n  order by nc.c\n  keys lot = nc.c, number = nc.a\n'
            '  map with m\n  apply r\n  on failure playbook "hold"\nend\n'
        )
    )
    assert isinstance(node, syntax.Flow)
    assert (node.endpoint, node.variable, node.schema, node.version) == ("qms.nc", "nc", "sap.x", "v2")
    assert (node.owner, node.criticality, node.playbook) == ("q", "high", "hold")
    assert node.sla is not None and node.sla.value == {"amount": 5, "unit": "minutes"}
    assert [name for name, _ in node.keys] == ["lot", "number"]
    assert [type(step) for step in node.steps] == [syntax.MapStep, syntax.ApplyStep]
    assert node.identify_by is not None and node.order_by is not None


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("map m", ("map", "m", 0)), ("map m(a, b)", ("map", "m", 2)), ("apply r", ("apply", "r", 0)),
     ("flow f", ("flow", "f", 0)), ("table t(a)", ("table", "t", 1))],
)  # fmt: skip
def test_tests_have_givens_subject_and_expectations(
    read: Read, subject: str, expected: tuple[str, str, int]
) -> None:
    node = the(
        read(
            f'test "dated"\n  given nc = sample("a.json", with: {{ A: "1" }})\n  {subject}\n  expect a = 1\n  and b\nend'
        )
    )
    assert isinstance(node, syntax.Test)
    assert (node.subject, node.subject_name, len(node.arguments)) == expected
    assert (node.name, len(node.givens), len(node.expects)) == ("dated", 1, 1)


def test_expect_with_everything(read: Read) -> None:
    node = action(
        read,
        'each l in nc.lots expect e.d where event.a = l.id within 2 business_days calendar "de" else raise e.late using m',
    )
    assert isinstance(node, syntax.Expect)
    assert (node.event, node.each is not None) == ("e.d", True)
    assert node.calendar is not None and node.calendar.value == "de"
    assert isinstance(node.otherwise, syntax.Raise) and node.otherwise.event == "e.late"


def test_the_else_of_an_expect_may_stand_on_the_next_line(read: Read) -> None:
    node = action(read, "expect e.d where event.a = nc.a within d.due\n     else alert quality nc.a")
    assert isinstance(node, syntax.Expect) and isinstance(node.otherwise, syntax.Alert)


def test_an_else_without_an_expect_is_astray(read: Read) -> None:
    parsed = read('rules r : nc in canon.x\n rule a\n  then ignore "x"\n  else alert q "x"\n end\nend\n')
    assert [d.code for d in parsed.diagnostics] == ["M103"]


def test_collect_with_everything(read: Read) -> None:
    node = action(read, "collect by (nc.a, nc.b) for 15 minutes at most 200 then send a.b using m to nc.p")
    assert isinstance(node, syntax.Collect)
    assert (len(node.by), node.at_most) == (2, 200)
    assert isinstance(node.action, syntax.Send) and node.action.to is not None


def test_remember_and_forget_take_one_key_or_several(read: Read) -> None:
    one = action(read, "remember items key nc.id = { item: nc.id }")
    several = action(read, "each i in nc.items forget items key (nc.plant, i.id)")
    assert isinstance(one, syntax.Remember) and len(one.keys) == 1
    assert isinstance(one.record, syntax.RecordLiteral)
    assert isinstance(several, syntax.Forget) and len(several.keys) == 2 and several.each is not None


def test_a_dataset_has_keys_and_a_schema(read: Read) -> None:
    node = the(read('dataset stock : item: text, plant: text -> erp.stock "v2"'))
    assert isinstance(node, syntax.Dataset)
    assert ([key.name for key in node.keys], node.schema, node.version) == (
        ["item", "plant"],
        "erp.stock",
        "v2",
    )


def test_a_map_may_take_a_list(read: Read) -> None:
    node = the(read("map m : items in list of canon.x, nc in canon.y -> canon.z\n a = nc.a\nend\n"))
    assert isinstance(node, syntax.Map)
    assert [(p.name, p.schema, p.many) for p in node.parameters] == [
        ("items", "canon.x", True),
        ("nc", "canon.y", False),
    ]


def test_uses_stand_apart(read: Read) -> None:
    parsed = read('use schema x12.856 "v1"\nuse lookup vendor_xref "2026-11"\n')
    assert [(type(u), u.name, u.version) for u in parsed.module.uses] == [
        (syntax.UseSchema, "x12.856", "v1"),
        (syntax.UseLookup, "vendor_xref", "2026-11"),
    ]
