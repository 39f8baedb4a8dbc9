"""A function tried out runs as in a map: every one has a call to begin with, and nothing else gets in."""

import pytest

from dsl.functions import registry
from rules.trying import Input, inputs, triable, try_call

FUNCTIONS = [spec for spec in registry().values() if triable(spec)]


@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_the_example_in_the_form_is_a_call_that_runs(spec):
    tried = try_call(spec, inputs(spec))
    assert not tried.findings
    assert tried.ok or tried.failure in spec.failures or tried.failure == "missing"


@pytest.mark.parametrize(
    "text",
    [
        '"a") & upper("b"',
        '"a" # "',
        '"a"\n  value = "b"',
        '"a", zone: "b"',
        "",
        "(" * 500,
        "-" * 3000 + "1",
        "\x00",
        "\u202e",
        "doc.x",
    ],
)
def test_an_argument_is_one_expression_and_nothing_around_it(text):
    tried = try_call(registry()["upper"], [Input("value", text)])
    assert tried.findings or tried.failure or tried.value == "A"


def test_an_argument_left_out_makes_those_after_it_named():
    tried = try_call(
        registry()["round"], [Input("value", "2.5"), Input("digits", ""), Input("mode", '"half_up"')]
    )
    assert str(tried.value) == "3" and 'mode: "half_up"' in tried.call
