"""Choices and keys: values picked by a condition, a list turned into one record."""

from collections.abc import Sequence
from typing import Any

from dsl import types
from dsl.functions import kinds
from dsl.functions.declaration import Argument, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.types import BOOLEAN


def _branches(arguments: Sequence[Argument]) -> types.Type:
    joined = types.join(arguments[1].type, arguments[2].type)
    if joined is None:
        left, right = types.describe(arguments[1].type), types.describe(arguments[2].type)
        raise TypeRuleError(f"both results have to be of one type, but they are {left} and {right}")
    return joined


@function(
    "if_else",
    [P("condition", BOOLEAN), P("then", kinds.ANY, missing_ok=True), P("else", kinds.ANY, missing_ok=True)],
    _branches,
    "One value where the condition is true, the other where it is not; only the one taken is made.",
    [('if_else(2 > 1, "more", "less")', '"more"'), ("if_else(false, 1, missing)", "missing")],
    result_words="as the two values",
    lazy=True,
)
def if_else(condition: bool, then: Any, otherwise: Any) -> Any:
    return then if condition else otherwise
