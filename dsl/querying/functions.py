"""The functions of JMESPath on exact numbers, each of them counted."""

import math
from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from jmespath import exceptions, functions

from dsl.decimals import CONTEXT, parse_decimal
from dsl.errors import FunctionFailure
from dsl.querying import values
from dsl.querying.budget import LONGEST_TEXT, Budget, QueryFailure, too_long

_signature: Callable[..., Callable[[Any], Any]] = functions.signature


class ExactFunctions(functions.Functions):  # type: ignore[misc]
    """JMESPath's functions with Decimal as a number; sizes are checked before anything is made."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        """A function with its arguments; each element of an argument costs a step."""
        for argument in resolved_args:
            if isinstance(argument, list | dict):
                self._budget.spend(len(argument))
        return super().call_function(function_name, resolved_args)

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[Any]]:
        allowed, elements = super()._get_allowed_pytypes(types)
        with_decimal = [(*names, "Decimal") if "int" in names else names for names in elements]
        return [*allowed, "Decimal"] if "int" in allowed else allowed, with_decimal

    def _convert_to_jmespath_type(self, pyobject: str) -> str:
        return "number" if pyobject == "Decimal" else str(super()._convert_to_jmespath_type(pyobject))

    @_signature({"types": ["number"]})
    def _func_abs(self, value: Any) -> Any:
        return abs(values.number(value))

    @_signature({"types": ["number"]})
    def _func_ceil(self, value: Any) -> int:
        return math.ceil(values.number(value))

    @_signature({"types": ["number"]})
    def _func_floor(self, value: Any) -> int:
        return math.floor(values.number(value))

    @_signature({"types": ["array-number"]})
    def _func_sum(self, numbers: list[Any]) -> Any:
        exact = [values.number(value) for value in numbers]
        if all(isinstance(value, int) for value in exact):
            return sum(exact)
        result = Decimal(0)
        for value in exact:
            result = CONTEXT.add(result, Decimal(value))
        return result

    @_signature({"types": ["array-number"]})
    def _func_avg(self, numbers: list[Any]) -> Any:
        return CONTEXT.divide(Decimal(self._func_sum(numbers)), Decimal(len(numbers))) if numbers else None

    @_signature({"types": ["array-number", "array-string"]})
    def _func_max(self, items: list[Any]) -> Any:
        return max(items, key=_order) if items else None

    @_signature({"types": ["array-number", "array-string"]})
    def _func_min(self, items: list[Any]) -> Any:
        return min(items, key=_order) if items else None

    @_signature({"types": ["array-string", "array-number"]})
    def _func_sort(self, items: list[Any]) -> list[Any]:
        return sorted(items, key=_order)

    @_signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, wanted: Any) -> bool:
        if isinstance(subject, str):
            return isinstance(wanted, str) and wanted in subject
        return any(values.equal(element, wanted, self._budget) for element in subject)

    @_signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, parts: list[str]) -> str:
        if sum(map(len, parts)) + len(separator) * len(parts) > LONGEST_TEXT:
            raise too_long()
        self._budget.spend(sum(map(len, parts)) // 16)
        return separator.join(parts)

    @_signature({"types": ["array", "string"]})
    def _func_reverse(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise too_long()
        self._budget.spend(len(value) // 16)
        return value[::-1]

    @_signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        return value if isinstance(value, str) else values.json_text(value, self._budget)

    @_signature({"types": []})
    def _func_to_number(self, value: Any) -> Any:
        if values.kind_of(value) == "number":
            return value
        if not isinstance(value, str):
            return None
        try:
            exact = parse_decimal(value)
        except FunctionFailure:
            return None
        return int(exact) if exact == exact.to_integral_value() and "." not in value else exact

    @_signature({"types": []})
    def _func_type(self, value: Any) -> str:
        return values.kind_of(value)

    def _create_key_func(self, expref: Any, allowed_types: list[str], function_name: str) -> Any:
        made = super()._create_key_func(expref, allowed_types, function_name)
        kinds: set[str] = set()

        def key(element: Any) -> Any:
            value = made(element)
            kinds.add(values.kind_of(value))
            if len(kinds) > 1:
                raise exceptions.JMESPathTypeError(
                    function_name, None, " and ".join(sorted(kinds)), allowed_types
                )
            return _order(value)

        return key


def _order(value: Any) -> Any:
    return value if isinstance(value, str) else values.number(value)


def told(error: Exception) -> QueryFailure:
    """An error of the library in short words: its own would write out the value, however large it is."""
    if isinstance(error, exceptions.JMESPathTypeError):
        wanted = " or ".join(error.expected_types)
        return QueryFailure(f"{error.function_name}() takes {wanted}, not {error.actual_type}")
    if isinstance(error, DecimalException):
        return QueryFailure("a number of the JMESPath expression is too large")
    return QueryFailure(f"the JMESPath expression failed: {type(error).__name__}")
