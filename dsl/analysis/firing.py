"""Rules that can never fire: what a condition asks for, as alternatives of demands on single values.

A condition is spread out into alternatives (`or`), each a list of demands (`and`) on one path. What is no
comparison of a path with constants demands nothing that is known, so it never makes a rule impossible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dsl import syntax, types
from dsl.analysis.scales import scale_of
from dsl.analysis.values import NotAnalysed
from dsl.program import EnumValue

MOST = 200
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_ORDERING = ("<", "<=", ">", ">=")
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
Alternatives = list[tuple["Demand", ...]]


@dataclass(frozen=True, slots=True)
class Demand:
    """What one value has to be: `in` one of the values, `out` of them, or ordered against one of them."""

    path: str
    sign: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the checker knows of the expressions of a module."""

    types: Mapping[syntax.Expression, types.Type]
    names: Mapping[syntax.Name, Any]


class TooMany(Exception):
    """More alternatives than anybody would write by hand."""


def alternatives(condition: syntax.Expression | None, truth: bool, known: Known) -> Alternatives:
    """The ways in which a condition can be true (or false); those that exclude themselves are left out."""
    if condition is None:
        return [()] if truth else []
    return [way for way in spread(condition, truth, known) if conflict(way, known) is None]


def both(left: Alternatives, right: Alternatives, known: Known) -> Alternatives:
    """The ways in which both can be true."""
    if len(left) * len(right) > MOST:
        raise TooMany
    joined = [(*one, *other) for one in left for other in right]
    return [way for way in joined if conflict(way, known) is None]


def spread(node: syntax.Expression, truth: bool, known: Known) -> Alternatives:
    """The alternatives as they are written, those that exclude themselves included."""
    match node:
        case syntax.Unary(operator="not", operand=operand):
            return spread(operand, not truth, known)
        case syntax.Binary(operator="and" | "or" as operator, left=left, right=right):
            one, other = spread(left, truth, known), spread(right, truth, known)
            if (operator == "and") is truth:
                if len(one) * len(other) > MOST:
                    raise TooMany
                return [(*first, *second) for first in one for second in other]
            return one + other
        case syntax.Literal(kind="boolean", value=value):
            return [()] if value is truth else []
        case _:
            return [tuple(_demand(node, truth, known))]


def _demand(node: syntax.Expression, truth: bool, known: Known) -> Iterator[Demand]:
    match node:
        case syntax.Binary(operator=operator, left=left, right=right) if operator in _OPPOSITE:
            sign = operator if truth else _OPPOSITE[operator]
            yield from _compared(left, sign, right, known)
            yield from _compared(right, _MIRRORED[sign], left, known)
        case syntax.Membership(value=value, options=syntax.ListLiteral(items=items), negated=negated):
            constants = [_constant(item, known) for item in items]
            if (path := path_text(value)) and None not in constants:
                chosen = tuple(c for c in constants if c is not None)
                rest = _others(value, set(chosen), known) if negated is truth else None
                if rest is not None:
                    yield Demand(path, "in", rest)
                else:
                    yield Demand(path, "out" if negated is truth else "in", chosen)
        case syntax.Presence(value=value, test="missing", negated=negated):
            if path := path_text(value):
                yield Demand(path, "there" if negated is truth else "missing", ())
        case syntax.Name() | syntax.Path() if path := path_text(node):
            yield Demand(path, "in", ((truth,),))


def _compared(
    value: syntax.Expression, sign: str, other: syntax.Expression, known: Known
) -> Iterator[Demand]:
    path, constant = path_text(value), _constant(other, known)
    if not path or constant is None or _constant(value, known) is not None:
        return
    rest = _others(value, {constant}, known) if sign == "<>" else None
    if rest is not None:
        yield Demand(path, "in", rest)
    else:
        yield Demand(path, {"=": "in", "<>": "out"}.get(sign, sign), (constant,))


def _others(value: syntax.Expression, excluded: set[tuple[Any, ...]], known: Known) -> tuple[Any, ...] | None:
    """What is left of an enumeration whose value is always there; None for any other value."""
    of = known.types.get(value)
    if not isinstance(of, types.Enum):
        return None
    return tuple((name,) for name in of.values if (name,) not in excluded)


def _constant(node: syntax.Expression, known: Known) -> tuple[Any, ...] | None:
    """A constant as a tuple that can be compared, or None: its place on the scale of its type."""
    of = types.present(known.types.get(node, types.ANYTHING))
    match node:
        case syntax.Name() if isinstance(known.names.get(node), EnumValue):
            return (node.name,)
        case syntax.Literal(value=value) if isinstance(value, bool | str):
            return (value,)
        case syntax.Literal(value=value):
            scale = scale_of(types.DECIMAL if of == types.INTEGER else of)
            try:
                return None if scale is None else scale.place(value)
            except NotAnalysed:
                return None
        case _:
            return None


def path_text(node: syntax.Expression) -> str:
    """`nc.supplier.id`; empty for what is no path from a name."""
    match node:
        case syntax.Name(name=name):
            return name
        case syntax.Path(base=base, field=field):
            below = path_text(base)
            return f"{below}.{field}" if below else ""
        case _:
            return ""


def conflict(way: Sequence[Demand], known: Known) -> str | None:
    """The path of which impossible things are demanded; None where there is none."""
    by_path: dict[str, list[Demand]] = {}
    for demand in way:
        by_path.setdefault(demand.path, []).append(demand)
    return next((path for path, demands in by_path.items() if not _possible(demands)), None)


def example(way: Sequence[Demand]) -> str:
    """What a message is like that does all this, in words."""
    by_path: dict[str, list[Demand]] = {}
    for demand in way:
        by_path.setdefault(demand.path, []).append(demand)
    shown = [words for path, demands in by_path.items() if (words := _shown(path, demands))]
    return f"For example where {' and '.join(shown)}." if shown else "For example any message."


def _shown(path: str, demands: Sequence[Demand]) -> str:
    """One value that does what is demanded of a path; where none is chosen, the demands themselves."""
    chosen = [value for demand in demands if demand.sign == "in" for value in demand.values]
    fitting = [value for value in chosen if all(_takes(value, demand) for demand in demands)]
    if fitting:
        return f"{path} = {_text(fitting[0])}" if _text(fitting[0]) else ""
    words = {"there": f"{path} is not missing", "missing": f"{path} is missing"}
    bounds = [
        f"{path} {d.sign} {_text(d.values[0])}" for d in demands if d.sign in _ORDERING and _text(d.values[0])
    ]
    return " and ".join(
        dict.fromkeys([*(words[d.sign] for d in demands if d.sign in words and not bounds), *bounds])
    )


def _takes(value: tuple[Any, ...], demand: Demand) -> bool:
    if demand.sign in ("in", "out"):
        return (value in demand.values) is (demand.sign == "in")
    return _holds(value, demand)


def _text(value: tuple[Any, ...]) -> str:
    last = value[-1]
    if isinstance(last, bool):
        return str(last).lower()
    if isinstance(last, Decimal):
        return " ".join([format(last, "f"), *(str(part) for part in value[:-1] if part)])
    return str(last) if isinstance(last, str) else ""


def _possible(demands: Iterable[Demand]) -> bool:
    demands = list(demands)
    signs = {demand.sign for demand in demands}
    if "missing" in signs and signs - {"missing", "out"}:
        return False
    chosen = [set(demand.values) for demand in demands if demand.sign == "in"]
    if not chosen:
        return _between(demands)
    left = set.intersection(*chosen)
    left -= {value for demand in demands if demand.sign == "out" for value in demand.values}
    return any(all(_holds(value, demand) for demand in demands) for value in left)


def _between(demands: Sequence[Demand]) -> bool:
    """Whether any value lies above all lower and below all upper bounds."""
    lows = [(d.values[0], d.sign) for d in demands if d.sign in (">", ">=")]
    highs = [(d.values[0], d.sign) for d in demands if d.sign in ("<", "<=")]
    for low, above in lows:
        for high, below in highs:
            if low[:-1] == high[:-1] and (low > high or (low == high and (above, below) != (">=", "<="))):
                return False
    return True


def _holds(value: tuple[Any, ...], demand: Demand) -> bool:
    if demand.sign not in _OPPOSITE or value[:-1] != demand.values[0][:-1]:
        return True
    bound = demand.values[0]
    return bool(
        {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[demand.sign]
    )
