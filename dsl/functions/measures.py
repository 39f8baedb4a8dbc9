"""Quantities with UN/ECE Rec 20 units and money with ISO 4217 currencies."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dsl import types
from dsl.decimals import CONTEXT, shown
from dsl.errors import FunctionFailure
from dsl.functions import safety
from dsl.functions.declaration import Accepts, Argument, Given, function
from dsl.functions.declaration import Parameter as P
from dsl.syntax import FailureKind
from dsl.types import DECIMAL, TEXT, Money, Quantity

_CODE = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_GROUPS: tuple[Mapping[str, str], ...] = (
    {"KGM": "1", "GRM": "0.001", "MGM": "0.000001", "TNE": "1000", "LBR": "0.45359237", "ONZ": "0.028349523125"},
    {"MTR": "1", "CMT": "0.01", "MMT": "0.001", "KMT": "1000", "INH": "0.0254", "FOT": "0.3048", "YRD": "0.9144"},
    {"LTR": "1", "MLT": "0.001", "MTQ": "1000", "GLL": "3.785411784"},
    {"C62": "1", "EA": "1", "H87": "1", "DZN": "12", "MIL": "1000", "CEN": "100", "PR": "2"},
    {"SEC": "1", "MIN": "60", "HUR": "3600", "DAY": "86400"},
    {"MTK": "1", "CMK": "0.0001", "FTK": "0.09290304"},
)
MEASURE = Accepts("quantity", lambda of: isinstance(of, Quantity))


def _constant_fault(regex: re.Pattern[str], what: str) -> Any:
    def fault(value: Any) -> str | None:
        return None if regex.fullmatch(str(value)) else f"{shown(value)} is no {what}"

    return fault


UNIT = P("unit", TEXT, check=_constant_fault(_CODE, "UN/ECE Rec 20 unit code"))
CURRENCY = P("currency", TEXT, check=_constant_fault(_CURRENCY, "ISO 4217 currency code"))


def _one_kind(given: Given) -> Sequence[FailureKind]:
    """Both units are known by type and belong to one kind."""
    of, unit = given["quantity"].type, given["unit"]
    if not isinstance(of, Quantity) or of.unit is None or not unit.constant:
        return ()
    return ("error",) if factor(of.unit, str(unit.value)) else ()


def _quantity_type(arguments: Sequence[Argument]) -> types.Type:
    unit = arguments[1]
    return Quantity(unit.value if unit.constant else None)


def _money_type(arguments: Sequence[Argument]) -> types.Type:
    currency = arguments[1]
    return Money(currency.value if currency.constant else None)


@function(
    "quantity", [P("value", DECIMAL), UNIT], _quantity_type, "A number with a unit.",
    [('quantity(480, "EA")', "480 EA"), ('quantity(1, "pieces")', "fails error")],
    fails=["error"], safe=safety.constants(unit=safety.any_value), result_words="quantity",
)  # fmt: skip
def quantity(value: Any, unit: str) -> dict[str, Any]:
    code = unit.strip()
    if not _CODE.fullmatch(code):
        raise FunctionFailure("error", f"{shown(unit)} is no UN/ECE Rec 20 unit code", unit)
    return {"value": Decimal(value), "unit": code}


@function(
    "money", [P("value", DECIMAL), CURRENCY], _money_type, "An amount with a currency.",
    [('money(12.50, "EUR")', "12.50 EUR"), ('money(1, "eur")', "fails error")],
    fails=["error"], safe=safety.constants(currency=safety.any_value), result_words="money",
)  # fmt: skip
def money(value: Any, currency: str) -> dict[str, Any]:
    code = currency.strip()
    if not _CURRENCY.fullmatch(code):
        raise FunctionFailure("error", f"{shown(currency)} is no ISO 4217 currency code", currency)
    return {"value": Decimal(value), "currency": code}


def factor(source: str, target: str) -> tuple[Decimal, Decimal] | None:
    """Numerator and denominator that turn one unit into another, or None between different kinds."""
    if source == target:
        return Decimal(1), Decimal(1)
    for group in _GROUPS:
        if source in group and target in group:
            return Decimal(group[source]), Decimal(group[target])
    return None


@function(
    "convert", [P("quantity", MEASURE), UNIT], _quantity_type,
    "The quantity in another unit of the same kind (mass, length, volume, pieces, time, area), exactly.",
    [('convert(2 DZN, "EA")', "24 EA"), ('convert(10 LBR, "KGM")', "4.5359237 KGM"), ('convert(1 KGM, "EA")', "fails error")],
    fails=["error"], safe=_one_kind, result_words="quantity",
)  # fmt: skip
def convert(value: dict[str, Any], unit: str) -> dict[str, Any]:
    pair = factor(value["unit"], unit.strip())
    if pair is None:
        raise FunctionFailure("error", f"{value['unit']} can't be converted into {unit}", value["unit"])
    numerator, denominator = pair
    number = CONTEXT.divide(CONTEXT.multiply(value["value"], numerator), denominator)
    return {"value": number, "unit": unit.strip()}
