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

from dsl.limits import Limits

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
    `limits` is what the schema says of the value beyond its type, None where it says nothing.
    """

    type: "Type"
    required: bool = False
    wire: str = ""
    missing: tuple[AnyValue, ...] = ()
    title: str = ""
    limits: Limits | None = None


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

WRITTEN = "record"
"""The name of a record type that was written without one."""
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


def describe(of: Type) -> str:
    """The type as an analyst writes it: `list of text`, `quantity(KGM)`, `severity?`."""
    match of:
        case Scalar(name):
            return name
        case Enum(name, values):
            return name or "enum{" + ", ".join(values) + "}"
        case Quantity(unit):
            return f"quantity({unit})" if unit else "quantity"
        case Money(currency):
            return f"money({currency})" if currency else "money"
        case ListOf(item):
            return f"list of {describe(item)}"
        case Record(name):
            return name or "record"
        case Maybe(inner):
            return describe(inner) + "?"
        case Nothing():
            return "missing"
        case Anything():
            return "any"


def fits(value: Type, target: Type, _assumed: frozenset[tuple[int, int]] = frozenset()) -> bool:
    """Whether a value of one type may stand where the other is asked for, without any conversion.

    An integer is a decimal and an enum value is a text; nothing else changes its type by itself.
    `_assumed` are pairs of records that refer to themselves and are being compared already.
    """
    match value, target:
        case Nothing(), Maybe() | Nothing():
            return True
        case Maybe(inner), Maybe(wanted):
            return fits(inner, wanted, _assumed)
        case Maybe(), _:
            return False
        case _, Maybe(wanted):
            return fits(value, wanted, _assumed)
        case Scalar("integer"), Scalar("decimal"):
            return True
        case Enum(), Scalar("text"):
            return True
        case Enum(_, values), Enum(_, allowed):
            return set(values) <= set(allowed)
        case Quantity(unit), Quantity(wanted_unit):
            return wanted_unit is None or unit == wanted_unit
        case Money(currency), Money(wanted_currency):
            return wanted_currency is None or currency == wanted_currency
        case ListOf(Nothing()), ListOf():
            return True
        case ListOf(item), ListOf(wanted_item):
            return fits(item, wanted_item, _assumed)
        case Record(), Record():
            return value is target or _record_fits(value, target, _assumed)
        case _:
            return value == target


def _record_fits(value: Record, target: Record, assumed: frozenset[tuple[int, int]]) -> bool:
    pair = (id(value), id(target))
    if pair in assumed:
        return True
    assumed = assumed | {pair}
    for name, spec in target.fields.items():
        given = value.fields.get(name)
        if given is None and spec.required:
            return False
        if given is not None and not fits(field_type(given), field_type(spec), assumed):
            return False
    return target.open or set(value.fields) <= set(target.fields)


def field_type(spec: FieldSpec) -> Type:
    """What reading the field gives: `T?` unless it is required; a list is always there, maybe empty."""
    return spec.type if spec.required or isinstance(spec.type, ListOf | Maybe) else maybe(spec.type)


def join(left: Type, right: Type) -> Type | None:
    """The one type that both fit, or None: for list items, branches and `coalesce`."""
    if isinstance(left, Nothing):
        return maybe(right)
    if isinstance(right, Nothing):
        return maybe(left)
    if isinstance(left, Maybe) or isinstance(right, Maybe):
        inner = join(present(left), present(right))
        return None if inner is None else maybe(inner)
    if isinstance(left, Enum) and isinstance(right, Enum) and left != right:
        return Enum("", tuple(dict.fromkeys(left.values + right.values)))
    if fits(left, right):
        return right
    if fits(right, left):
        return left
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return Quantity()
    if isinstance(left, Money) and isinstance(right, Money):
        return Money()
    if isinstance(left, Record) and isinstance(right, Record) and left.name == right.name == WRITTEN:
        return _joined_records(left, right)
    return None


def _joined_records(left: Record, right: Record) -> Record | None:
    """Two record literals: what only one of them has is optional."""
    fields: dict[str, FieldSpec] = {}
    for name in {**left.fields, **right.fields}:
        one, other = left.fields.get(name), right.fields.get(name)
        if one is None or other is None:
            fields[name] = FieldSpec((one or other or FieldSpec(NOTHING)).type)
            continue
        of = join(one.type, other.type)
        if of is None:
            return None
        fields[name] = FieldSpec(present(of), one.required and other.required)
    return Record(WRITTEN, fields)


def misfit(value: Type, target: Type) -> str:
    """Why a record does not fit another, by the first field that is wrong; empty for anything else."""
    given, wanted = present(value), present(target)
    if not isinstance(given, Record) or not isinstance(wanted, Record):
        return ""
    for name, spec in wanted.fields.items():
        own = given.fields.get(name)
        if own is None and spec.required:
            return f"`{name}` is not given"
        if own is not None and not fits(field_type(own), field_type(spec)):
            inner = misfit(own.type, spec.type)
            if inner or fits(own.type, spec.type):
                return f"`{name}`: {inner}" if inner else f"`{name}` may be missing"
            return f"`{name}` has to be {describe(spec.type)}, but is {describe(own.type)}"
    extra = [name for name in given.fields if name not in wanted.fields]
    return f"there is no field `{extra[0]}`" if extra and not wanted.open else ""
