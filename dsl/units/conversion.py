"""From one unit to another, exactly."""

from decimal import Decimal, Overflow
from fractions import Fraction

from dsl.decimals import CONTEXT, bounded
from dsl.errors import FunctionFailure
from dsl.units.table import find


def same_kind(source: str, target: str) -> bool:
    """Whether both units measure the same, so that one converts into the other."""
    if source == target:
        return True
    one, other = find(source), find(target)
    return one is not None and other is not None and one.base == other.base != ""


def converted(number: Decimal, source: str, target: str) -> Decimal:
    """The number of `target` units that these `source` units are; rounded once, to 34 digits, half to even.

    Errors: FunctionFailure where the units measure different things or one is not known.
    """
    if source == target:
        return number
    one, other = find(source), find(target)
    if one is None or other is None or not same_kind(source, target):
        raise FunctionFailure(
            "error", f"{source} can't be converted into {target}: they measure different things", source
        )
    exact = (Fraction(bounded(number)) * one.factor + one.zero - other.zero) / other.factor
    try:
        return bounded(CONTEXT.divide(Decimal(exact.numerator), Decimal(exact.denominator)))
    except Overflow:
        raise FunctionFailure("error", "the converted quantity is too large", source) from None
