"""Quantities with UN/ECE Rec 20 units and money with ISO 4217 currencies."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dsl import types, units
from dsl.decimals import CONTEXT, bounded, shown
from dsl.errors import FunctionFailure
from dsl.functions import kinds, safety
from dsl.functions.declaration import Accepts, Argument, Fault, Given, TypeRuleError, function
from dsl.functions.declaration import Parameter as P
from dsl.functions.numbers import rounded
from dsl.syntax import FailureKind
from dsl.types import BOOLEAN, DECIMAL, INTEGER, TEXT, Maybe, Money, Quantity

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_MINOR = {
    0: frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()),
    3: frozenset("BHD IQD JOD KWD LYD OMR TND".split()),
    4: frozenset(("CLF", "UYW")),
}
MEASURE = Accepts("quantity", lambda of: isinstance(of, Quantity))


def currency_fault(value: Any) -> str | None:
    """What is wrong with a currency code, or None."""
    return None if _CURRENCY.fullmatch(str(value)) else f"{shown(value)} is no ISO 4217 currency code"


def unit_fault(value: Any) -> Fault | None:
    """What is wrong with a unit code, with codes that were probably meant, or None."""
    fault = units.unit_fault(str(value))
    return Fault(fault[0], 0, fault[1]) if fault else None


UNIT = P("unit", TEXT, word=True, check=unit_fault)
CURRENCY = P("currency", TEXT, word=True, check=currency_fault)


def unit_code(text: str) -> str:
    """The code itself if it is a unit in use; raises FunctionFailure."""
    code = text.strip()
    fault = units.unit_fault(code)
    if fault:
        raise FunctionFailure("error", fault[0], text)
    return code


def _one_kind(given: Given) -> Sequence[FailureKind]:
    """Both units are known by type and belong to one kind."""
    of, unit = given["quantity"].type, given["unit"]
    if not isinstance(of, Quantity) or of.unit is None or not unit.constant:
        return ()
    return ("error",) if units.same_kind(of.unit, str(unit.value)) else ()


def _quantity_type(arguments: Sequence[Argument]) -> types.Type:
    unit = arguments[1]
    return Quantity(unit.value if unit.constant else None)


def _converted_type(arguments: Sequence[Argument]) -> types.Type:
    of, unit = arguments[0].type, arguments[1]
    source, target = of.unit if isinstance(of, Quantity) else None, str(unit.value)
    if len(arguments) > 2:
        return _quantity_type(arguments)
    if (
        source
        and unit.constant
        and units.known(source)
        and units.known(target)
        and not units.same_kind(source, target)
    ):
        raise TypeRuleError(f"{source} and {target} measure different things")
    return _quantity_type(arguments)


def _money_type(arguments: Sequence[Argument]) -> types.Type:
    currency = arguments[1]
    return Money(currency.value if currency.constant else None)


@function(
    "quantity",
    [P("value", DECIMAL), UNIT],
    _quantity_type,
    "A number with a unit of UN/ECE Rec 20 (or a package of Rec 21).",
    [
        ('quantity(480, "EA")', "480 EA"),
        ('quantity(1, "pieces")', "fails error"),
        ('quantity(5, "KG")', "fails error"),
    ],
    fails=["error"],
    safe=safety.constants(unit=safety.any_value),
    result_words="quantity",
)
def quantity(value: Any, unit: str) -> dict[str, Any]:
    return {"value": Decimal(value), "unit": unit_code(unit)}


@function(
    "money",
    [P("value", DECIMAL), CURRENCY],
    _money_type,
    "An amount with a currency.",
    [('money(12.50, "EUR")', "12.50 EUR"), ('money(1, "eur")', "fails error")],
    fails=["error"],
    safe=safety.constants(currency=safety.any_value),
    result_words="money",
)
def money(value: Any, currency: str) -> dict[str, Any]:
    code = currency.strip()
    if not _CURRENCY.fullmatch(code):
        raise FunctionFailure("error", f"{shown(currency)} is no ISO 4217 currency code", currency)
    return {"value": Decimal(value), "currency": code}


@function(
    "convert",
    [P("quantity", MEASURE), UNIT, P("factor", DECIMAL, default=None, named=True)],
    _converted_type,
    "The quantity in another unit that measures the same, by the exact factor of UN/ECE Rec 20, rounded once to 34 digits "
    "(half to even). Temperatures are points of their scales. Where the two units measure different things, `factor` says how "
    "many of the new unit one of the old one is; it is only made then, so it may be a look-up of the item.",
    [
        ('convert(2 DZN, "EA")', "24 EA"),
        ('convert(10 LBR, "KGM")', "4.5359237 KGM"),
        ('convert(20 CEL, "FAH")', "68 FAH"),
        ('convert(1 KGM, "EA")', "fails error"),
        ('convert(40 XBX, "EA", factor: 12)', "480 EA"),
        ('convert(2 DZN, "EA", factor: 1)', "24 EA"),
    ],
    fails=["error"],
    safe=_one_kind,
    result_words="quantity",
)
def convert(value: dict[str, Any], unit: str, factor: Any = None) -> dict[str, Any]:
    code = unit_code(unit)
    if factor is not None and not units.same_kind(value["unit"], code):
        return convert_by(value, factor, code)
    return {"value": units.converted(value["value"], value["unit"], code), "unit": code}


def converts(value: dict[str, Any], unit: str) -> bool:
    """Whether UN/ECE Rec 20 knows the way, so that no factor is needed."""
    return units.same_kind(value["unit"], unit.strip())


@function(
    "convert_by",
    [P("quantity", MEASURE), P("factor", DECIMAL), UNIT],
    lambda given: _quantity_type(given[1:]),
    "The quantity in another unit by a factor of your own, where only the item knows it: 40 boxes of 12 pieces.",
    [('convert_by(40 XBX, 12, "EA")', "480 EA"), ('convert_by(1 XBX, 0, "EA")', "fails error")],
    fails=["error"],
    result_words="quantity",
)
def convert_by(value: dict[str, Any], factor: Any, unit: str) -> dict[str, Any]:
    if factor <= 0:
        raise FunctionFailure("error", "a conversion factor has to be larger than 0", factor)
    number = bounded(CONTEXT.multiply(value["value"], Decimal(factor)))
    return {"value": number, "unit": unit_code(unit)}


@function(
    "unit_known",
    [P("unit", TEXT)],
    BOOLEAN,
    "Whether a text is the code of a unit in use (UN/ECE Rec 20, packages of Rec 21).",
    [
        ('unit_known("KGM")', "true"),
        ('unit_known("PCE")', "false"),
        ('unit_known("KG")', "false"),
        ('unit_known("XBX")', "true"),
    ],
)
def unit_known(unit: str) -> bool:
    return units.known(unit.strip())


@function(
    "unit_name",
    [P("unit", TEXT)],
    Maybe(TEXT),
    "The English name of a unit code; missing where it is none.",
    [('unit_name("LBR")', '"pound"'), ('unit_name("??")', "missing")],
)
def unit_name(unit: str) -> str | None:
    found = units.find(unit.strip())
    return found.name if found is not None else None


@function(
    "round_money",
    [P("amount", Accepts("money", lambda of: isinstance(of, Money)))],
    kinds.same_as_first,
    "The amount with the digits its currency has: 2 for most, 0 for JPY, 3 for KWD; half to even.",
    [
        ("round_money(12.345 EUR)", "12.34 EUR"),
        ("round_money(1250.5 JPY)", "1250 JPY"),
        ("round_money(1.2345 KWD)", "1.234 KWD"),
    ],
    fails=["error"],
    result_words="as amount",
)
def round_money(amount: dict[str, Any]) -> dict[str, Any]:
    return {**amount, "value": rounded(amount["value"], minor_digits(amount["currency"]))}


def minor_digits(currency: str) -> int:
    """How many digits behind the point a currency of ISO 4217 has."""
    return next((digits for digits, codes in _MINOR.items() if currency in codes), 2)


@function(
    "minor_units",
    [P("amount", Accepts("money", lambda of: isinstance(of, Money)))],
    INTEGER,
    "The amount in the smallest unit of its currency (cents), as payment systems count; a fraction of a cent fails.",
    [
        ("minor_units(12.50 EUR)", "1250"),
        ("minor_units(1250 JPY)", "1250"),
        ("minor_units(1.005 EUR)", "fails error"),
    ],
    fails=["error"],
)
def minor_units(amount: dict[str, Any]) -> int:
    scaled = amount["value"].scaleb(minor_digits(amount["currency"]), CONTEXT)
    if scaled != scaled.to_integral_value():
        raise FunctionFailure(
            "error", f"{shown(amount['value'])} {amount['currency']} has parts of the smallest unit"
        )
    return int(scaled)
