"""The types of the language, as plain frozen values.

How a value of each type looks at run time (plain data only):

    text, enum          str                       boolean        bool
    integer             int                       decimal        decimal.Decimal
    percent             Decimal, 5% is 0.05       date, time     datetime.date, datetime.time
    datetime            datetime with an offset   list of T      list
    record              dict                      missing        None or an absent key
    quantity            {"value": Decimal, "unit": str}      unit is a UN/ECE Rec 20 code
    money               {"value": Decimal, "currency": str}  currency is ISO 4217
    duration            {"amount": int, "unit": str}         seconds minutes hours days weeks business_days
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any as AnyValue
from typing import Literal

ScalarName = Literal[
    "text", "integer", "decimal", "percent", "boolean", "date", "time", "datetime", "duration"
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parameters."""

    name: ScalarName


@dataclass(frozen=True, slots=True)
class Enum:
    """One of a closed set of texts; `name` is where a schema or module defined it, if it did."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit; None where the unit is only known at run time."""

    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with a currency; None where the currency is only known at run time."""

    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of values of one type, in order."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a schema says of one field of a record.

    `wire` is how the value stands in the document before reading and after writing:
    number, string, boolean, object, array or "" (as it is).
    `missing` lists further values that count as missing, next to absent and null.
    """

    type: "Type"
    required: bool = False
    wire: str = ""
    missing: tuple[AnyValue, ...] = ()
    title: str = ""


@dataclass(frozen=True, eq=False)
class Record:
    """Named fields. Compared by identity, so that a schema may refer to itself (HL trees)."""

    name: str
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Anything:
    """Not known: the result of jmespath() or a schema-less input; it must be converted."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The type of the literal `missing`."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be missing, written `T?`. Never nested."""

    type: "Type"


Type = Scalar | Enum | Quantity | Money | ListOf | Record | Anything | Nothing | Maybe

TEXT = Scalar("text")
INTEGER = Scalar("integer")
DECIMAL = Scalar("decimal")
PERCENT = Scalar("percent")
BOOLEAN = Scalar("boolean")
DATE = Scalar("date")
TIME = Scalar("time")
DATETIME = Scalar("datetime")
DURATION = Scalar("duration")
ANYTHING = Anything()
NOTHING = Nothing()


def maybe(of: Type) -> Type:
    """`T?` of a type; of a type that already is one, itself."""
    return of if isinstance(of, Maybe | Nothing) else Maybe(of)


def present(of: Type) -> Type:
    """The type without its `?`."""
    return of.type if isinstance(of, Maybe) else of
