"""The walk over a query: JMESPath's own rules, counted step by step."""

from operator import ge, gt, le, lt
from typing import Any

import jmespath
from jmespath import exceptions, visitor

from dsl.errors import FunctionFailure
from dsl.querying import values
from dsl.querying.budget import Budget, QueryFailure, too_deep
from dsl.querying.functions import ExactFunctions, told
from dsl.querying.reading import Query

_ORDER = {"lt": lt, "lte": le, "gt": gt, "gte": ge}


class Walk(visitor.TreeInterpreter):  # type: ignore[misc]
    """One answer to one query."""

    def __init__(self) -> None:
        self.budget = Budget()
        super().__init__(jmespath.Options(custom_functions=ExactFunctions(self.budget)))

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """The value of a node."""
        self.budget.spend(1)
        kind = node["type"]
        method = self._method_cache.get(kind)
        if method is None:
            method = self._method_cache.setdefault(kind, getattr(self, f"visit_{kind}"))
        return values.settled(method(node, *args, **kwargs))

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """`==` and `!=` on everything, the others on two numbers or two texts, else null."""
        left = self.visit(node["children"][0], value)
        right = self.visit(node["children"][1], value)
        operator = node["value"]
        if operator in ("eq", "ne"):
            return values.equal(left, right, self.budget) is (operator == "eq")
        kind = values.kind_of(left)
        if kind != values.kind_of(right) or kind not in ("number", "string"):
            return None
        if kind == "number":
            left, right = values.number(left), values.number(right)
        return _ORDER[operator](left, right)

    def visit_or_expression(self, node: Any, value: Any) -> Any:
        """The first part that is not false, else the last one."""
        found = None
        for part in node["children"]:
            found = self.visit(part, value)
            if not values.is_false(found):
                return found
        return found

    def visit_and_expression(self, node: Any, value: Any) -> Any:
        """The first part that is false, else the last one."""
        found = None
        for part in node["children"]:
            found = self.visit(part, value)
            if values.is_false(found):
                return found
        return found

    def visit_not_expression(self, node: Any, value: Any) -> bool:
        """True for what counts as false."""
        return values.is_false(self.visit(node["children"][0], value))

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """The elements of inner lists in one list."""
        merged = super().visit_flatten(node, value)
        self.budget.spend(len(merged or ()))
        return merged

    def visit_slice(self, node: Any, value: Any) -> Any:
        """A part of a list."""
        part = super().visit_slice(node, value)
        self.budget.spend(len(part or ()))
        return part

    def visit_index(self, node: Any, value: Any) -> Any:
        """An element of a list by its place; beyond its ends null."""
        place = node["value"]
        return value[place] if isinstance(value, list) and -len(value) <= place < len(value) else None

    def visit_field(self, node: Any, value: Any) -> Any:
        """A member of an object."""
        return value.get(node["value"]) if isinstance(value, dict) else None

    def _is_false(self, value: Any) -> bool:
        return values.is_false(value)


def search(query: Query, value: Any) -> Any:
    """What the query finds in the value; raises QueryFailure."""
    try:
        return values.result_copy(Walk().visit(query.tree, values.settled(value)))
    except QueryFailure:
        raise
    except FunctionFailure as failure:
        raise QueryFailure(failure.message) from None
    except RecursionError:
        raise too_deep() from None
    except (exceptions.JMESPathError, ArithmeticError, TypeError, ValueError) as error:
        raise told(error) from None
