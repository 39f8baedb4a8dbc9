"""What only tests may ask: which rules fired, which rows matched, what was sent. The test runner answers."""

from collections.abc import Sequence

from dsl.functions import kinds
from dsl.functions.declaration import Argument, FunctionSpec, declare
from dsl.functions.declaration import Parameter as P
from dsl.types import ANYTHING, BOOLEAN, INTEGER, TEXT, Enum, ListOf, Maybe, Type

FAMILY = "tests"
STATES = Enum("state", ("done", "ignored", "rejected", "held"))


def _engine_function(name: str, parameters: Sequence[P], result: Type, words: str, doc: str, family: str) -> None:
    declare(FunctionSpec(name, family, tuple(parameters), result, words, frozenset(), doc, (), None))


def _name(name: str) -> P:
    return P(name, TEXT, constant=True)


_engine_function("fired", [_name("rule")], BOOLEAN, "boolean", "Whether the rule of this name fired.", FAMILY)
_engine_function(
    "matched", [_name("table")], Maybe(TEXT), "text?",
    "The id of the row of a decision table that was used last; missing if none was.", FAMILY,
)  # fmt: skip
_engine_function(
    "sent", [_name("endpoint")], ListOf(ANYTHING), "list of payloads",
    "What was sent to an endpoint, in order: `count(sent(\"erp.hold\")) = 1`.", FAMILY,
)  # fmt: skip
_engine_function("state", [], STATES, "state", "How the message ended: done, ignored, rejected or held.", FAMILY)
_engine_function(
    "failed", [_name("field")], BOOLEAN, "boolean", "Whether the field of this path failed, whatever was done then.", FAMILY,
)  # fmt: skip
_engine_function(
    "sample", [_name("file"), P("with", kinds.RECORD, default=None, named=True)], ANYTHING, "document",
    "A document of samples/, with the given fields put in place of its own.", FAMILY,
)  # fmt: skip


def _position_type(arguments: Sequence[Argument]) -> Type:
    return INTEGER


declare(
    FunctionSpec(
        "position", "lists", (P("element", kinds.ANY),), _position_type, "integer", frozenset(),
        "Where an `each` variable stands in its list, counted from 1.", (), None,
    )
)  # fmt: skip
