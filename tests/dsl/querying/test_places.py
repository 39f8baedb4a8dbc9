"""The checker points into a JMESPath expression, to the character."""

import pytest

from tests.dsl import workshop


def pointed_at(expression):
    """What the finding about the expression says, and the text from where it points on."""
    program = workshop.checked(workshop.in_map(f"note = text(jmespath(nc, {expression}))"))
    (finding,) = [d for d in program.diagnostics if d.code == "M405"]
    return finding.message, program.sources["m.mw"].slice(finding.span)


@pytest.mark.parametrize(
    ("expression", "words", "rest"),
    [
        ('"sender.nosuch(@)"', "no function nosuch()", 'nosuch(@)"'),
        (r'"\"a\" ] b"', "no place", '] b"'),
        (r'"\u{61}b | length(@, c)"', "takes 1 argument, not 2", 'length(@, c)"'),
        ('"a["', "not complete", '"'),
        ('""', "empty", '"'),
    ],
)
def test_the_finding_stands_where_the_fault_is(expression, words, rest):
    message, shown = pointed_at(expression)
    assert words in message
    assert shown == rest


def test_a_good_expression_has_no_finding():
    program = workshop.checked(workshop.in_map('note = coalesce(text(jmespath(nc, "sender.name")), "-")'))
    assert [d.code for d in program.diagnostics] == []


def test_an_expression_has_to_be_a_constant():
    message, _ = pointed_at("nc.number")
    assert "constant" in message
