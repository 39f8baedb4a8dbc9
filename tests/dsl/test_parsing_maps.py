"""Maps: each statement as a node, keywords as field names, lines that go on."""

from collections.abc import Callable

from dsl import syntax
from dsl.parser import Parsed

Read = Callable[[str], Parsed]


def the_map(parsed: Parsed) -> syntax.Map:
    assert parsed.diagnostics == ()
    (node,) = parsed.module.declarations
    assert isinstance(node, syntax.Map)
    return node


def body(read: Read, *lines: str) -> tuple[syntax.Statement, ...]:
    return the_map(read("map a : nc -> canon.x\n" + "\n".join(lines) + "\nend\n")).body


def test_head_names_parameters_and_target(read: Read) -> None:
    node = the_map(read("map a : nc in sap.defect, o in x12.856 -> canon.nonconformance\nend\n"))
    assert [(p.name, p.schema) for p in node.parameters] == [("nc", "sap.defect"), ("o", "x12.856")]
    assert node.target == "canon.nonconformance"


def test_policy_lines_belong_to_the_head(read: Read) -> None:
    node = the_map(
        read("map a : nc -> x\n  on missing reject\n  # why\n  on no_match use 1 warn\n  f = 1\nend")
    )
    assert [(h.failure, h.action, h.warn) for h in node.policy] == [
        ("missing", "reject", False),
        ("no_match", "use", True),
    ]
    assert len(node.body) == 1


def test_field_has_path_value_and_handlers(read: Read) -> None:
    (field,) = body(read, '  supplier."No 1".id = nc.A on missing skip on error reject row')
    assert isinstance(field, syntax.Field)
    assert field.target == ("supplier", "No 1", "id")
    assert [(h.failure, h.action) for h in field.handlers] == [("missing", "skip"), ("error", "reject row")]


def test_handlers_and_operators_may_begin_the_next_line(read: Read) -> None:
    (field,) = body(read, "  a = nc.A", "    & nc.B", "    on missing use nc.C", "       + 1")
    assert isinstance(field, syntax.Field)
    assert len(field.handlers) == 1


def test_keywords_may_be_field_names(read: Read) -> None:
    names = ["check", "let", "if", "each", "else", "end", "copy", "map", "order.by", "use"]
    fields = body(read, *(f"  {name} = 1" for name in names))
    assert [".".join(f.target) for f in fields if isinstance(f, syntax.Field)] == names


def test_each_has_condition_groups_order_and_body(read: Read) -> None:
    (each,) = body(
        read,
        "  each i in e.items where i.x is missing group by i.po, lot = i.REF order by i.n descending into a.lines",
        "    line = 1",
        "  end",
    )
    assert isinstance(each, syntax.Each)
    assert each.target == ("a", "lines")
    assert [key.name for key in each.group_by] == ["po", "lot"]
    assert each.order_by[0].descending
    assert len(each.body) == 1


def test_if_has_branches_and_otherwise(read: Read) -> None:
    (node,) = body(read, "if a", " x = 1", "else if b", " x = 2", " y = 1", "else", " x = 3", "end")
    assert isinstance(node, syntax.If)
    assert [len(branch.body) for branch in node.branches] == [1, 2]
    assert node.otherwise is not None and len(node.otherwise) == 1


def test_blocks_nest(read: Read) -> None:
    (outer,) = body(read, "each a in b into c", "if x", "each d in a.e into f", "g = 1", "end", "end", "end")
    assert isinstance(outer, syntax.Each)
    (inner,) = outer.body
    assert isinstance(inner, syntax.If)
    assert isinstance(inner.branches[0].body[0], syntax.Each)


def test_check_has_action_and_message(read: Read) -> None:
    checks = body(read, 'check a else reject "x"', 'check b else reject row "y" & c', 'check c else warn "z"')
    assert [c.action for c in checks if isinstance(c, syntax.Check)] == ["reject", "reject row", "warn"]


def test_let_names_a_value(read: Read) -> None:
    (let,) = body(read, "let x = lookup l(nc.A) on no_match skip")
    assert isinstance(let, syntax.Let)
    assert (let.name, len(let.handlers)) == ("x", 1)


def test_span_of_a_block_reaches_its_end(read: Read) -> None:
    text = "map a : nc -> x\n  f = 1\nend  # of a\n"
    node = the_map(read(text))
    assert text[node.span.start : node.span.end].endswith("end")
