"""The units by code."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from io import StringIO

from dsl.units.factors import factor, sharpened, significant

_PACKAGE = re.compile(r"X[0-9A-Z]{2}", re.ASCII)
_STATES = {"X": "withdrawn", "D": "deprecated"}
PIECES = "pieces"
_COUNTED = {
    "C62": 1, "EA": 1, "H87": 1, "PR": 2, "DZN": 12, "DPR": 24, "GRO": 144, "GGR": 1_728, "SCO": 20, "CEN": 100, "HC": 100,
    "MIL": 1_000, "MIO": 10**6, "MLD": 10**9, "T3": 1_000, "HD": 6,
}  # fmt: skip
_POUND, _INCH = Fraction("0.45359237"), Fraction("0.0254")
_US_GALLON, _UK_GALLON = 231 * _INCH**3, Fraction("0.00454609")
_US_BUSHEL = Fraction("2150.42") * _INCH**3
_DEFINED = {
    "LBR": (_POUND, "kg"), "ONZ": (_POUND / 16, "kg"), "STN": (_POUND * 2_000, "kg"), "LTN": (_POUND * 2_240, "kg"),
    "CWA": (_POUND * 100, "kg"), "CWI": (_POUND * 112, "kg"), "GRN": (_POUND / 7_000, "kg"), "STI": (_POUND * 14, "kg"),
    "DRI": (_POUND / 256, "kg"), "APZ": (_POUND * 480 / 7_000, "kg"), "INH": (_INCH, "m"), "FOT": (_INCH * 12, "m"),
    "YRD": (_INCH * 36, "m"), "SMI": (_INCH * 63_360, "m"), "NMI": (Fraction(1_852), "m"), "INK": (_INCH**2, "m²"),
    "FTK": ((_INCH * 12) ** 2, "m²"), "YDK": ((_INCH * 36) ** 2, "m²"), "MIK": ((_INCH * 63_360) ** 2, "m²"),
    "ACR": ((_INCH * 36) ** 2 * 4_840, "m²"), "INQ": (_INCH**3, "m³"), "FTQ": ((_INCH * 12) ** 3, "m³"),
    "YDQ": ((_INCH * 36) ** 3, "m³"), "GLL": (_US_GALLON, "m³"), "QTL": (_US_GALLON / 4, "m³"), "PTL": (_US_GALLON / 8, "m³"),
    "OZA": (_US_GALLON / 128, "m³"), "GLI": (_UK_GALLON, "m³"), "QTI": (_UK_GALLON / 4, "m³"), "PTI": (_UK_GALLON / 8, "m³"),
    "OZI": (_UK_GALLON / 160, "m³"), "ATM": (Fraction(101_325), "Pa"), "KNM": (Fraction(1_000), "Pa"),
    "BLL": (_US_GALLON * 42, "m³"), "BUA": (_US_BUSHEL, "m³"), "BUI": (_UK_GALLON * 8, "m³"),
}  # fmt: skip
_ZERO = {"KEL": Fraction(0), "CEL": Fraction("273.15"), "FAH": Fraction("459.67") * Fraction(5, 9)}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `factor` of `base` make one of it; `zero` is where its scale begins, in the base (temperatures).

    `state` is empty, withdrawn or deprecated; `base` is empty where no conversion is known.
    """

    code: str
    name: str
    symbol: str = ""
    state: str = ""
    factor: Fraction = Fraction(1)
    base: str = ""
    zero: Fraction = Fraction(0)


@lru_cache(maxsize=1)
def rows() -> Mapping[str, Mapping[str, str]]:
    """What the list says, by code."""
    text = resources.files("dsl.units").joinpath("rec20.csv").read_text(encoding="utf-8")
    return {row["CommonCode"]: row for row in csv.DictReader(StringIO(text, newline=""))}


@lru_cache(maxsize=4_096)
def find(code: str) -> Unit | None:
    """The unit of a code; packages of Recommendation 21 (`XBX`) count as units without a conversion."""
    row = rows().get(code)
    if row is not None:
        return _unit(row)
    return Unit(code, f"package {code[1:]} of UN/ECE Rec 21") if _PACKAGE.fullmatch(code) else None


def units() -> tuple[Unit, ...]:
    """Every unit of the list, withdrawn ones too."""
    return tuple(map(_unit, rows().values()))


def _unit(row: Mapping[str, str]) -> Unit:
    code, symbol = row["CommonCode"], row["Symbol"].strip()
    said = row["ConversionFactor"]
    number, base = factor(said) or (Fraction(1), "")
    if code in _DEFINED:
        number, base = _DEFINED[code]
    elif code in _COUNTED:
        number, base = Fraction(_COUNTED[code]), PIECES
    elif base:
        number = sharpened(number, symbol, significant(said))
    state = _STATES.get(row["Status"], "")
    return Unit(code, row["Name"].strip(), symbol, state, number, base, _ZERO.get(code, Fraction(0)))


def known(code: str) -> bool:
    """Whether it is the code of a unit that is in use."""
    unit = find(code)
    return unit is not None and unit.state != "withdrawn"
