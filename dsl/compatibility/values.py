"""Changes of scalar types and of limits."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dsl import types
from dsl.compatibility.words import Change, Versions
from dsl.limits import NONE, Limits, value_faults, written

_TEXTUAL = (types.TEXT, types.DATE, types.TIME, types.DATETIME)


def type_changes(of: Versions, path: str, old: types.Type, new: types.Type) -> Iterator[Change]:
    """What another type of a single value breaks."""
    match old, new:
        case _ if old == new:
            return
        case types.Enum(values=before), types.Enum(values=after):
            yield from _enum(of, path, before, after)
        case types.Quantity(unit=before), types.Quantity(unit=after):
            yield from _measured(of, path, "unit", before, after)
        case types.Money(currency=before), types.Money(currency=after):
            yield from _measured(of, path, "currency", before, after)
        case _:
            read = (reads(new, old), reads(old, new))
            yield _another(of, path, old, new, *read)


def reads(reader: types.Type, made: types.Type) -> bool:
    """Whether every value of one type, as it travels, can be read as the other."""
    match reader, made:
        case _ if reader == made:
            return True
        case types.Anything(), _:
            return True
        case types.Scalar("decimal" | "percent"), types.Scalar("integer" | "decimal" | "percent"):
            return True
        case types.Scalar("text"), types.Enum():
            return True
        case types.Scalar("text"), types.Scalar("date" | "time" | "datetime"):
            return True
        case _:
            return False


def reads_value(spec: types.FieldSpec, value: Any) -> bool:
    """Whether a field can hold a plain value such as "" or "0000"; where that is not sure, no."""
    return _can_hold(types.present(spec.type), spec.limits or NONE, value)


def _can_hold(of: types.Type, limits: Limits, value: Any) -> bool:
    match of:
        case types.Anything():
            return not value_faults(limits, value)
        case types.ListOf(item=item):
            return _can_hold(types.present(item), limits.each or NONE, value)
        case types.Scalar("text"):
            return isinstance(value, str) and not value_faults(limits, value)
        case types.Enum(values=values):
            return value in values
        case types.Scalar("integer" | "decimal" | "percent"):
            digits = isinstance(value, str) and value.isascii() and value.isdigit()
            return digits and not value_faults(limits, Decimal(value[:100]))
        case _:
            return False


def _another(of: Versions, path: str, old: types.Type, new: types.Type, back: bool, fore: bool) -> Change:
    words = f"was {types.describe(old)} and is {types.describe(new)}"
    if not back and not fore:
        words += f": neither version reads it in messages of the other ({of.old}, {of.new})"
    elif not back:
        words += f": messages of {of.old} with a value that is no {types.describe(new)} will be refused"
    elif not fore:
        words += f": readers of {of.old} will refuse values that are no {types.describe(old)}"
    return Change(path, "type", words, backward=not back, forward=not fore, note=back and fore)


def _enum(of: Versions, path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    gone, more = [v for v in before if v not in after], [v for v in after if v not in before]
    if gone:
        words = f"no longer allows {_listed(gone)}: messages of {of.old} with {_it(gone)} will be refused"
        yield Change(path, "values", words, backward=True)
    if more:
        words = f"now allows {_listed(more)}: readers of {of.old} will refuse messages of {of.new} with {_it(more)}"
        yield Change(path, "values", words, forward=True)


def _measured(of: Versions, path: str, what: str, before: str | None, after: str | None) -> Iterator[Change]:
    if before is None:
        words = f"has to be in {after} now: messages of {of.old} with another {what} will be refused"
        words += f"; readers of {of.old} will refuse a number without its {what}"
        yield Change(path, what, words, backward=True, forward=True)
    elif after is None:
        words = (
            f"may have any {what} and has to name it: readers of {of.old} will refuse what is not in {before}"
        )
        words += f"; messages of {of.old} with a number without its {what} will be refused"
        yield Change(path, what, words, backward=True, forward=True)
    else:
        words = f"was in {before} and is in {after}: neither version reads messages of the other"
        yield Change(path, what, words, backward=True, forward=True)


# ------------------------------------------------------------ limits

_LOWER = {
    "shortest": "needs at least {} characters", "least": "has to be at least {}", "above": "has to be more than {}",
    "fewest": "needs at least {} items",
}  # fmt: skip
_UPPER = {
    "longest": "may have at most {} characters", "most": "may be at most {}", "below": "has to be less than {}",
    "most_items": "may have at most {} items",
}  # fmt: skip


def limit_changes(of: Versions, path: str, old: Limits | None, new: Limits | None) -> Iterator[Change]:
    """What other limits break: tighter ones what the old version made, wider ones what the new one makes."""
    before, after = old or NONE, new or NONE
    for name, words in {**_LOWER, **_UPPER}.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            tight = now is not None and (was is None or (now > was) == (name in _LOWER))
            yield _limit(of, path, words, was, now, tight)
    yield from _patterns(of, path, before, after)
    yield from _steps(of, path, before.steps, after.steps)
    if before.values != after.values:
        yield from _values(of, path, before.values, after.values)
    if before.unique != after.unique:
        words = "may not hold the same item twice" if after.unique else "may hold the same item twice"
        yield _told(of, path, f"{words} now", after.unique)
    if before.each is not None or after.each is not None:
        yield from limit_changes(of, f"{path}[]", before.each, after.each)


def _limit(of: Versions, path: str, words: str, was: Any, now: Any, tight: bool) -> Change:
    if now is None:
        return _told(of, path, f"is no longer limited (it {words.format(written(was))} before)", False)
    before = f", not {written(was)}" if was is not None else ""
    return _told(of, path, f"{words.format(written(now))} now{before}", tight)


def _told(of: Versions, path: str, words: str, tight: bool) -> Change:
    if tight:
        return Change(
            path, "limit", f"{words}: messages of {of.old} beyond that will be refused", backward=True
        )
    return Change(
        path, "limit", f"{words}: readers of {of.old} will refuse what {of.new} allows beyond", forward=True
    )


def _patterns(of: Versions, path: str, before: Limits, after: Limits) -> Iterator[Change]:
    for pattern in after.patterns:
        if pattern not in before.patterns:
            yield _told(of, path, f'has to be like the pattern "{pattern}" now', True)
    for pattern in before.patterns:
        if pattern not in after.patterns:
            yield _told(of, path, f'need not be like the pattern "{pattern}" any more', False)


def _steps(
    of: Versions, path: str, before: tuple[Decimal, ...], after: tuple[Decimal, ...]
) -> Iterator[Change]:
    for step in after:
        if not any(_multiple(was, step) for was in before):
            yield _told(of, path, f"has to be a multiple of {written(step)} now", True)
    for step in before:
        if not any(_multiple(now, step) for now in after):
            yield _told(of, path, f"need not be a multiple of {written(step)} any more", False)


def _multiple(value: Decimal, of: Decimal) -> bool:
    return (Fraction(value) / Fraction(of)).denominator == 1


def _values(of: Versions, path: str, before: Any, after: Any) -> Iterator[Change]:
    if after is None:
        yield _told(of, path, "may have any value now", False)
    elif before is None:
        yield _told(of, path, f"has to be one of {_listed([written(v) for v in after])} now", True)
    else:
        yield from _enum(of, path, [written(v) for v in before], [written(v) for v in after])


def _listed(values: Sequence[str]) -> str:
    shown = [f"`{value}`" for value in values[:8]]
    more = f" and {len(values) - 8} more" if len(values) > 8 else ""
    return (
        ", ".join(shown[:-1]) + f" and {shown[-1]}" if len(shown) > 1 and not more else ", ".join(shown)
    ) + more


def _it(values: Sequence[str]) -> str:
    return "it" if len(values) == 1 else "them"
