"""JMESPath for those who want it: checked at compile time, exact on decimals, bounded in work and result."""

from typing import Any

from dsl import querying
from dsl.decimals import shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds
from dsl.functions.declaration import Fault, function
from dsl.functions.declaration import Parameter as P
from dsl.types import ANYTHING, TEXT, Maybe


def query_fault(expression: str) -> Fault | None:
    """What is wrong with a JMESPath expression and where, functions and their arity included, or None."""
    try:
        querying.read_query(expression)
    except querying.QueryFault as fault:
        return Fault(fault.message, fault.position)
    return None


@function(
    "jmespath",
    [P("value", kinds.ANY), P("expression", TEXT, constant=True, check=query_fault)],
    Maybe(ANYTHING),
    "What a JMESPath expression finds in a value. The result is of type any and has to be converted; "
    "null is a missing value. Numbers are exact; a query that does too much work or finds too much fails.",
    [('integer(jmespath({ a: [1, 2, 3] }, "a[-1]"))', "3"), ('jmespath({ a: 1 }, "b")', "missing")],
    fails=["error"],
)
def query(value: Any, expression: str) -> Any:
    try:
        return querying.search(querying.read_query(expression), value)
    except (querying.QueryFault, querying.QueryFailure) as failure:
        raise FunctionFailure("error", failure.message, shown(expression)) from None
