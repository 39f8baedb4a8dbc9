"""The lines of test blocks."""

from dsl import syntax
from dsl.building.parts import Leaf, Part, Several
from dsl.source import Span

Expression = syntax.Expression


def given(span: Span, _word: Leaf, name: Leaf, _equal: Leaf, value: Expression) -> Part:
    """`given nc = e`."""
    return Part(span, "given", syntax.Given(span, name.text, value))


def test_map(span: Span, _word: Leaf, use: Part) -> Part:
    """`map m`."""
    return Part(span, "subject", ("map", use.word, use.value))


def test_apply(span: Span, _word: Leaf, use: Part) -> Part:
    """`apply rules`."""
    return Part(span, "subject", ("apply", use.word, use.value))


def test_flow(span: Span, _word: Leaf, use: Part) -> Part:
    """`flow f`."""
    return Part(span, "subject", ("flow", use.word, use.value))


def test_table(span: Span, _word: Leaf, use: Part) -> Part:
    """`table t(a, b)`."""
    return Part(span, "subject", ("table", use.word, use.value))


def expectation(span: Span, _word: Leaf, condition: Expression) -> Part:
    """`expect c`."""
    return Part(span, "expect", condition)


def given_record(
    span: Span,
    _given: Leaf,
    _recall: Leaf,
    dataset: Leaf,
    _open: Leaf,
    keys: Several[Expression],
    _close: Leaf,
    _equal: Leaf,
    value: Expression,
) -> Part:
    """`given recall items("M-1") = {...}`."""
    return Part(span, "supply", syntax.GivenRecord(span, dataset.text, tuple(keys.items), value))


def given_waited(
    span: Span,
    _given: Leaf,
    _waited: Leaf,
    dataset: Leaf,
    _open: Leaf,
    keys: Several[Expression],
    _close: Leaf,
) -> Part:
    """`given waited items("M-1")`."""
    return Part(span, "supply", syntax.GivenWaited(span, dataset.text, tuple(keys.items)))


def given_answer(
    span: Span, _given: Leaf, _answer: Leaf, variable: Leaf, _equal: Leaf, value: Expression
) -> Part:
    """`given answer r = {...}`."""
    return Part(span, "supply", syntax.GivenAnswer(span, variable.text, value))


def given_failure(
    span: Span, _given: Leaf, _answer: Leaf, variable: Leaf, _fails: Leaf, failure: Leaf
) -> Part:
    """`given answer r fails transport`."""
    return Part(span, "supply", syntax.GivenAnswer(span, variable.text, None, failure.text, failure.span))
