"""Every example of every function gives what it says."""

from decimal import Decimal

import pytest

from dsl import functions, syntax
from dsl.checking.operators import arithmetic_type
from dsl.errors import FunctionFailure
from dsl.parser import parse_expression

EXAMPLES = [
    pytest.param(example, id=example.expression)
    for spec in functions.registry().values()
    for example in spec.examples
]
KINDS = ("missing", "error", "no_match", "many")


def value(text):
    node, found = parse_expression(text)
    assert node is not None and not found, found
    return evaluate(node)


def evaluate(node):
    """Just enough of an evaluator: constants, calls, paths, joins and comparisons."""
    match node:
        case syntax.Literal(value=constant):
            return constant
        case syntax.MissingLiteral():
            return None
        case syntax.FieldNames(paths=paths):
            return paths
        case syntax.ListLiteral(items=items):
            return [evaluate(item) for item in items]
        case syntax.RecordLiteral(fields=fields):
            return {name: evaluate(part) for name, part in fields}
        case syntax.Unary(operator="-", operand=operand):
            return -evaluate(operand)
        case syntax.Binary(operator=operator, left=left, right=right):
            return operate(operator, evaluate(left), evaluate(right))
        case syntax.Path(base=base, field=field):
            return step(evaluate(base), field)
        case syntax.Call():
            return call(node)
    raise AssertionError(node)


def operate(operator, left, right):
    return {"&": lambda: left + right, "=": lambda: left == right, ">": lambda: left > right}[operator]()


def step(base, field):
    if not isinstance(base, list):
        return base[field]
    values = [element[field] for element in base]
    return [part for value in values for part in (value if isinstance(value, list) else [value])]


def call(node):
    spec = functions.registry()[node.function]
    arguments = [
        part.value if isinstance(part, functions.Default) else evaluate(part)
        for part in functions.arrange(spec, node)
    ]
    return spec.implementation(*arguments)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example):
    kind = example.result.removeprefix("fails ")
    if example.result.startswith("fails "):
        assert kind in KINDS
        with pytest.raises(FunctionFailure) as caught:
            value(example.expression)
        assert caught.value.kind == kind
    else:
        result, wanted = value(example.expression), value(example.result)
        assert result == wanted
        assert type(result) is type(wanted) or {type(result), type(wanted)} == {int, Decimal}


@pytest.mark.parametrize("spec", functions.registry().values(), ids=lambda spec: spec.name)
def test_a_function_is_documented(spec):
    assert spec.doc.endswith(".") or spec.doc.endswith("`.")
    assert spec.implementation is None or spec.examples
    failing = {e.result.removeprefix("fails ") for e in spec.examples if e.result.startswith("fails ")}
    assert failing <= spec.failures


def test_numbers_never_become_binary():
    assert arithmetic_type is not None
    for spec in functions.registry().values():
        for example in spec.examples:
            if not example.result.startswith("fails"):
                assert not isinstance(value(example.expression), float)
