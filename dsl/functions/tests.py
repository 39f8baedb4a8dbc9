"""What only tests may ask: which rules fired, what was sent, expected, remembered. The test runner answers."""

from collections.abc import Sequence

from dsl.functions import kinds
from dsl.functions.declaration import Argument, FunctionSpec, declare
from dsl.functions.declaration import Parameter as P
from dsl.types import ANYTHING, BOOLEAN, DATETIME, INTEGER, TEXT, Enum, FieldSpec, ListOf, Maybe, Record, Type

FAMILY = "tests"
EXPECTATION = Record("expectation", {"key": FieldSpec(TEXT, True), "due": FieldSpec(DATETIME, True)})
COLLECTION = Record(
    "collection", {"group": FieldSpec(TEXT, True), "to": FieldSpec(TEXT), "key": FieldSpec(TEXT)}
)
STATES = Enum("state", ("done", "ignored", "rejected", "held", "waiting"))


def _engine_function(
    name: str, parameters: Sequence[P], result: Type, words: str, doc: str, family: str
) -> None:
    declare(FunctionSpec(name, family, tuple(parameters), result, words, frozenset(), doc, (), None))


def _name(name: str) -> P:
    return P(name, TEXT, constant=True)


_engine_function("fired", [_name("rule")], BOOLEAN, "boolean", "Whether the rule of this name fired.", FAMILY)
_engine_function(
    "matched",
    [_name("table")],
    Maybe(TEXT),
    "text?",
    "The id of the row of a decision table that was used last; missing if none was.",
    FAMILY,
)
_engine_function(
    "sent",
    [_name("endpoint")],
    ListOf(ANYTHING),
    "list of payloads",
    'What was sent to an endpoint, in order: `count(sent("erp.hold")) = 1`.',
    FAMILY,
)
_engine_function(
    "raised",
    [_name("event")],
    ListOf(ANYTHING),
    "list of payloads",
    'What was raised as an event, in order: `count(raised("canon.escalation")) = 0`.',
    FAMILY,
)
_engine_function(
    "alerted",
    [_name("channel")],
    ListOf(TEXT),
    "list of text",
    'The texts of the alerts to a channel, in order: `"Hold is late" in alerted("quality")`.',
    FAMILY,
)
_engine_function(
    "fact",
    [_name("name")],
    Maybe(ANYTHING),
    "the fact's type?",
    "The fact that `set` has made; missing if none was set.",
    FAMILY,
)
_engine_function(
    "expected",
    [_name("event")],
    ListOf(EXPECTATION),
    "list of expectations",
    "What is waited for, in order, each with its `key` and when it is `due`: "
    '`first(expected("erp.hold_confirmed")).due = 2026-01-31T12:15:00Z`.',
    FAMILY,
)
_engine_function(
    "collected",
    [_name("target")],
    ListOf(COLLECTION),
    "list of collections",
    "What was put aside for an endpoint, event or channel, each with its `group`, `to` and `key`: "
    '`count(collected("supplier.digest")) = 1`.',
    FAMILY,
)
_engine_function(
    "remembered",
    [_name("dataset")],
    ListOf(ANYTHING),
    "list of records",
    'The records that were remembered in a dataset, in order: `first(remembered("items")).price = 5`.',
    FAMILY,
)
_engine_function(
    "forgotten",
    [_name("dataset")],
    ListOf(TEXT),
    "list of text",
    'The keys that were forgotten in a dataset, in order: `"M-1" in forgotten("items")`.',
    FAMILY,
)
_engine_function(
    "asked",
    [_name("endpoint")],
    ListOf(ANYTHING),
    "list of payloads",
    'What a flow asked through `call`, in order: `first(asked("erp.stock")).item = "M-1"`.',
    FAMILY,
)
_engine_function(
    "waiting_for",
    [_name("name")],
    BOOLEAN,
    "boolean",
    "Whether the message waits for a record of this dataset, or for the answer of this endpoint.",
    FAMILY,
)
_engine_function(
    "state",
    [],
    STATES,
    "state",
    "How the message ended: done, ignored, rejected or held; waiting where it lacks a record or an answer.",
    FAMILY,
)
_engine_function(
    "failed",
    [_name("field")],
    BOOLEAN,
    "boolean",
    "Whether the field of this path failed, whatever was done then.",
    FAMILY,
)
_engine_function(
    "sample",
    [_name("file"), P("with", kinds.RECORD, default=None, named=True)],
    ANYTHING,
    "document",
    "A document of samples/, with the given fields put in place of its own.",
    FAMILY,
)


def _position_type(arguments: Sequence[Argument]) -> Type:
    return INTEGER


declare(
    FunctionSpec(
        "position",
        "lists",
        (P("element", kinds.ANY),),
        _position_type,
        "integer",
        frozenset(),
        "Where an `each` variable stands in its list, counted from 1.",
        (),
        None,
    )
)
