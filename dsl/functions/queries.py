"""JMESPath for those who want it: checked at compile time, exact on decimals, bounded in work and result."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import exceptions, functions, visitor

from dsl.decimals import CONTEXT, parse_decimal, shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds
from dsl.functions.declaration import Parameter as P
from dsl.functions.declaration import function
from dsl.types import ANYTHING, TEXT, Maybe

LONGEST = 2_000
DEEPEST = 50
STEPS = 200_000


class BudgetExceeded(Exception):
    """The query does too much work or its result grows too large."""


class ExactFunctions(functions.Functions):  # type: ignore[misc]
    """The functions of JMESPath with Decimal as a number and never a float as a result."""

    def _get_allowed_pytypes(self, wanted: Any) -> Any:
        kinds_, subtypes = super()._get_allowed_pytypes(wanted)
        with_decimal = [(*names, "Decimal") if "int" in names else names for names in subtypes]
        return [*kinds_, "Decimal"] if "int" in kinds_ else kinds_, with_decimal

    def _convert_to_jmespath_type(self, name: str) -> str:
        return "number" if name == "Decimal" else str(super()._convert_to_jmespath_type(name))

    @functions.signature({"types": ["array-number"]})  # type: ignore[untyped-decorator]
    def _func_avg(self, values: list[Any]) -> Any:
        return CONTEXT.divide(Decimal(self._func_sum(values)), Decimal(len(values))) if values else None

    @functions.signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_number(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return parse_decimal(value)
            except FunctionFailure:
                return None
        return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    @functions.signature({"types": ["object", "string", "array", "boolean", "number", "null", "expref"]})  # type: ignore[untyped-decorator]
    def _func_type(self, value: Any) -> Any:
        return "number" if isinstance(value, Decimal) else super()._func_type(value)


class BoundedInterpreter(visitor.TreeInterpreter):  # type: ignore[misc]
    """Walks the query and counts steps and the size of what comes out."""

    def __init__(self) -> None:
        super().__init__(jmespath.Options(custom_functions=ExactFunctions()))
        self._steps = 0

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One node; raises BudgetExceeded once the query has done too much."""
        self._steps += 1
        result = super().visit(node, *args, **kwargs)
        if isinstance(result, list | dict | str):
            self._steps += len(result) // 8
        if self._steps > STEPS:
            raise BudgetExceeded
        return result

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Comparisons, with Decimal taken for the number it is."""
        left = self.visit(node["children"][0], value)
        right = self.visit(node["children"][1], value)
        operator = node["value"]
        if operator in ("eq", "ne"):
            equal = _kind(left) == _kind(right) and left == right
            return equal if operator == "eq" else not equal
        if _kind(left) != "number" or _kind(right) != "number":
            return None
        return {"lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right}[operator]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | Decimal | float) else type(value).__name__


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Any:
    return _exact(jmespath.compile(expression).parsed)


def _exact(node: Any) -> Any:
    """The query with its literal numbers as decimals."""
    if isinstance(node, float):
        return Decimal(repr(node))
    if isinstance(node, dict):
        return {name: _exact(part) for name, part in node.items()}
    return [_exact(part) for part in node] if isinstance(node, list) else node


def query_fault(expression: str) -> str | None:
    """What is wrong with a JMESPath expression, functions and their arity included, or None."""
    if len(expression) > LONGEST:
        return f"the expression is longer than {LONGEST} characters"
    if max(expression.count(opening) for opening in "([{") > DEEPEST:
        return f"the expression has more than {DEEPEST} brackets of a kind"
    try:
        return _call_fault(_parsed(expression))
    except exceptions.JMESPathError as error:
        return f"the expression can't be read: {str(error).splitlines()[0]}"
    except RecursionError:
        return "the expression is nested too deeply"


def _call_fault(node: Any) -> str | None:
    if not isinstance(node, dict):
        return None
    if node.get("type") == "function_expression":
        spec = ExactFunctions.FUNCTION_TABLE.get(node["value"])
        if spec is None:
            return f"JMESPath has no function {node['value']}()"
        given, wanted = len(node["children"]), spec["signature"]
        variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
        if given < len(wanted) or (given > len(wanted) and not variadic):
            return f"{node['value']}() takes {len(wanted)} arguments, not {given}"
    return next((fault for child in node.get("children", []) if (fault := _call_fault(child))), None)


@function(
    "jmespath", [P("value", kinds.ANY), P("expression", TEXT, constant=True, check=query_fault)], Maybe(ANYTHING),
    "What a JMESPath expression finds in a value. The result is of type any and has to be converted; "
    "null is a missing value.",
    [('integer(jmespath({ a: [1, 2, 3] }, "a[-1]"))', "3"), ('jmespath({ a: 1 }, "b")', "missing")],
    fails=["error"],
)  # fmt: skip
def query(value: Any, expression: str) -> Any:
    fault = query_fault(expression)
    if fault:
        raise FunctionFailure("error", fault, expression)
    try:
        return BoundedInterpreter().visit(_parsed(expression), _without_parents(value))
    except BudgetExceeded:
        raise FunctionFailure("error", "the JMESPath expression does too much work", expression) from None
    except (exceptions.JMESPathError, ArithmeticError, TypeError, ValueError) as error:
        raise FunctionFailure("error", f"{shown(expression)} failed: {error}", expression) from None
    except RecursionError:
        raise FunctionFailure("error", "the value is nested too deeply", expression) from None


def _without_parents(value: Any) -> Any:
    if isinstance(value, dict) and "^" in value:
        return {name: part for name, part in value.items() if name != "^"}
    return value
