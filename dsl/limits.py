"""What a schema says of values beyond their type: lengths, patterns, ranges, how many, which.

Read:  minLength maxLength pattern, minimum maximum exclusiveMinimum exclusiveMaximum multipleOf,
       minItems maxItems uniqueItems, enum and const of numbers; `each` is what holds for the items of a list
Held:  when a document is read and when a map has made its target; a constant already by the checker
Text:  lengths count characters; a pattern may stand anywhere in the text, as JSON Schema says; a number or a
       date that travels as text is held against the text it is written as
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dsl.decimals import plain, shown
from dsl.errors import SchemaError

_ESCAPED = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|(.))", re.ASCII | re.DOTALL)
_BOUNDS = {"minimum": "least", "maximum": "most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
_COUNTS = {"minLength": "shortest", "maxLength": "longest", "minItems": "fewest", "maxItems": "most_items"}
TEXT_KEYWORDS = frozenset({"minLength", "maxLength", "pattern"})
NUMBER_KEYWORDS = frozenset({*_BOUNDS, "multipleOf"})
LIST_KEYWORDS = frozenset({"minItems", "maxItems", "uniqueItems"})
KEYWORDS = TEXT_KEYWORDS | NUMBER_KEYWORDS | LIST_KEYWORDS


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one value; what is not limited is None or empty."""

    shortest: int | None = None
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None
    below: Decimal | None = None
    steps: tuple[Decimal, ...] = ()
    values: tuple[Any, ...] | None = None
    fewest: int | None = None
    most_items: int | None = None
    unique: bool = False
    each: "Limits | None" = None


NONE = Limits()


def read_limits(node: Mapping[str, Any], pointer: str) -> Limits:
    """What a subschema limits; SchemaError for a limit that is none."""
    found: dict[str, Any] = {}
    for keyword, name in _COUNTS.items():
        if keyword in node:
            found[name] = _count(node[keyword], f"{pointer}/{keyword}")
    for keyword, name in _BOUNDS.items():
        if keyword in node and not isinstance(node[keyword], bool):
            found[name] = _number(node[keyword], f"{pointer}/{keyword}")
    _draft_four(node, found)
    if "pattern" in node:
        found["patterns"] = (_pattern(node["pattern"], f"{pointer}/pattern"),)
    if "multipleOf" in node:
        step = _number(node["multipleOf"], f"{pointer}/multipleOf")
        if step <= 0:
            raise SchemaError("multipleOf has to be more than 0", {"pointer": f"{pointer}/multipleOf"})
        found["steps"] = (step,)
    limits = Limits(**found, unique=node.get("uniqueItems") is True)
    _possible(limits, pointer)
    return limits


def _draft_four(node: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Older drafts say `exclusiveMinimum: true` beside the minimum."""
    for keyword, inclusive, exclusive in (
        ("exclusiveMinimum", "least", "above"),
        ("exclusiveMaximum", "most", "below"),
    ):
        if node.get(keyword) is True and inclusive in found:
            found[exclusive] = found.pop(inclusive)


def _count(value: Any, pointer: str) -> int:
    number = _number(value, pointer)
    if number < 0 or number != number.to_integral_value() or number.adjusted() > 15:
        raise SchemaError("has to be a whole number, 0 or more", {"pointer": pointer})
    return int(number)


def _number(value: Any, pointer: str) -> Decimal:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | Decimal)
        or abs(Decimal(value).adjusted()) > 400
    ):
        raise SchemaError("has to be a number", {"pointer": pointer})
    return Decimal(value)


def _pattern(value: Any, pointer: str) -> str:
    from dsl.functions.text import pattern_fault

    if not isinstance(value, str):
        raise SchemaError("pattern has to be a text", {"pointer": pointer})
    pattern = _ESCAPED.sub(_translated, value)
    fault = pattern_fault(pattern)
    if fault is not None:
        raise UnheldPattern(fault, {"pointer": pointer})
    return pattern


class UnheldPattern(SchemaError):
    """The pattern needs more than the linear-time engine has."""


def _translated(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return f"\\x{{{code}}}" if code else found[0]


def _possible(limits: Limits, pointer: str) -> None:
    pairs = (
        (limits.shortest, limits.longest, "minLength is more than maxLength"),
        (limits.fewest, limits.most_items, "minItems is more than maxItems"),
        (limits.least, limits.most, "minimum is more than maximum"),
    )
    for low, high, words in pairs:
        if low is not None and high is not None and low > high:
            raise SchemaError(words, {"pointer": pointer})


def both(one: Limits, other: Limits) -> Limits:
    """What holds where both hold."""
    if one == NONE or other == NONE:
        return other if one == NONE else one
    made: dict[str, Any] = {}
    for names, pick in (
        (("shortest", "least", "above", "fewest"), max),
        (("longest", "most", "below", "most_items"), min),
    ):
        for name in names:
            given = [v for v in (getattr(one, name), getattr(other, name)) if v is not None]
            made[name] = pick(given) if given else None
    values = one.values if other.values is None else other.values
    if one.values is not None and other.values is not None:
        values = tuple(value for value in one.values if value in other.values)
    each = both(one.each or NONE, other.each or NONE)
    return Limits(
        **made,
        patterns=_together(one.patterns, other.patterns),
        steps=_together(one.steps, other.steps),
        values=values,
        unique=one.unique or other.unique,
        each=None if each == NONE else each,
    )


def _together(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def of_text(limits: Limits) -> bool:
    """Whether anything is said of the text."""
    return limits.shortest is not None or limits.longest is not None or bool(limits.patterns)


def without_text(limits: Limits) -> Limits:
    """The same without what is said of texts, for what does not travel as text."""
    return replace(limits, shortest=None, longest=None, patterns=())


def text_faults(limits: Limits, text: str) -> Iterable[str]:
    """What is wrong with a text and what would be right."""
    length = len(text)
    if limits.longest is not None and length > limits.longest:
        yield f"may have at most {counted(limits.longest, 'character')}, but has {length}"
    if limits.shortest is not None and length < limits.shortest:
        yield f"needs at least {counted(limits.shortest, 'character')}, but has {length}"
    for pattern in limits.patterns:
        if not searcher(pattern)(text):
            yield f"has to be like the pattern {shown(pattern)}"


def searcher(pattern: str) -> Callable[[str], Any]:
    """The linear-time engine's search for a pattern."""
    from dsl.functions.text import compiled

    search: Callable[[str], Any] = compiled(pattern).search
    return search


def number_faults(limits: Limits, number: int | Decimal) -> Iterable[str]:
    """What is wrong with a number and what would be right."""
    if limits.least is not None and number < limits.least:
        yield f"has to be at least {plain(limits.least)}, but is {written(number)}"
    if limits.above is not None and number <= limits.above:
        yield f"has to be more than {plain(limits.above)}, but is {written(number)}"
    if limits.most is not None and number > limits.most:
        yield f"may be at most {plain(limits.most)}, but is {written(number)}"
    if limits.below is not None and number >= limits.below:
        yield f"has to be less than {plain(limits.below)}, but is {written(number)}"
    for step in limits.steps:
        if (Fraction(number) / Fraction(step)).denominator != 1:
            yield f"has to be a multiple of {plain(step)}, but is {written(number)}"


def list_faults(limits: Limits, items: list[Any]) -> Iterable[str]:
    """What is wrong with a list and what would be right; its items are judged one by one elsewhere."""
    if limits.most_items is not None and len(items) > limits.most_items:
        yield f"may have at most {counted(limits.most_items, 'item')}, but has {len(items)}"
    if limits.fewest is not None and len(items) < limits.fewest:
        yield f"needs at least {counted(limits.fewest, 'item')}, but has {len(items)}"
    if limits.unique and len({_frozen(item) for item in items}) != len(items):
        yield "may not hold the same item twice"


def value_faults(limits: Limits, value: Any) -> list[str]:
    """What is wrong with a present value that is neither record nor list, by what it is."""
    found: list[str] = []
    if isinstance(value, Mapping):
        amount = value.get("value")
        return [*number_faults(limits, amount)] if isinstance(amount, Decimal) else []
    if isinstance(value, str) or of_text(limits):
        found += text_faults(limits, written(value))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        found += number_faults(limits, value)
    if limits.values is not None and not any(_same(value, allowed) for allowed in limits.values):
        found.append(f"has to be {_choice(limits.values)}, but is {written(value)}")
    return found


def _same(value: Any, allowed: Any) -> bool:
    return bool(value == allowed) and isinstance(value, bool) == isinstance(allowed, bool)


def _choice(values: tuple[Any, ...]) -> str:
    names = [written(value) for value in values]
    return names[0] if len(names) == 1 else f"one of {', '.join(names[:12])}"


def counted(number: int, what: str) -> str:
    """`1 character`, `4 characters`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def written(value: Any) -> str:
    """A value as the text that travels."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    return str(value)


def _frozen(value: Any) -> Any:
    """A value that can be compared and hashed; 1 and 1.0 are one, true is not 1."""
    if isinstance(value, Mapping):
        return "{", frozenset((name, _frozen(inner)) for name, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        return "[", tuple(_frozen(inner) for inner in value)
    return isinstance(value, bool), value


def described(limits: Limits) -> list[str]:
    """The limits in words, for hover and documents: `at most 40 characters`, `0 or more`."""
    words: list[str] = []
    for name, text in _WORDS.items():
        value = getattr(limits, name)
        if value is not None:
            words.append(text.format(plain(value) if isinstance(value, Decimal) else value))
    words += [f"like {shown(pattern)}" for pattern in limits.patterns]
    words += [f"a multiple of {plain(step)}" for step in limits.steps]
    words += [f"only {_choice(limits.values)}"] if limits.values is not None else []
    words += ["no item twice"] if limits.unique else []
    return words + [f"each item {text}" for text in (described(limits.each) if limits.each else [])]


_WORDS = {
    "shortest": "at least {} characters", "longest": "at most {} characters", "least": "{} or more", "most": "{} or less",
    "above": "more than {}", "below": "less than {}", "fewest": "at least {} items", "most_items": "at most {} items",
}  # fmt: skip
