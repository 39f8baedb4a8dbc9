"""The limits of a body and numbers within them. Lengths are checked before anything is converted."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(r"-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body, nesting, significant digits and size of the exponent."""

    size: int = 16 * 1024 * 1024
    depth: int = 100
    digits: int = 34
    exponent: int = 400


class NumberFault(ValueError):
    """A number beyond the limits; `reason` says which."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def check_number(text: str, limits: Limits) -> None:
    """Refuse a number with too many digits or too large an exponent, without converting it.

    Errors: NumberFault
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NumberFault("syntax", f"not a number: {text[:40]}")
    whole, fraction, exponent = match.group(1), match.group(2) or "", match.group(3) or "0"
    digits = len((whole + fraction).strip("0"))
    if digits > limits.digits:
        raise NumberFault(
            "too_many_digits", f"a number has {digits} digits; at most {limits.digits} are read exactly"
        )
    if len(exponent) > 9 or abs(int(exponent)) > limits.exponent or len(whole) + len(fraction) > 1000:
        raise NumberFault(
            "exponent_too_large", f"a number is out of range; exponents go to {limits.exponent}"
        )


def exact_integer(text: str, limits: Limits) -> int:
    """The whole number, exactly."""
    if len(text) > limits.digits:
        check_number(text, limits)
    return int(text)


def exact_decimal(text: str, limits: Limits) -> Decimal:
    """The decimal, exactly as it is written."""
    if len(text) > limits.digits or "e" in text or "E" in text:
        check_number(text, limits)
    return Decimal(text)
