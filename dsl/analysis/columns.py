"""Which domain a column has."""

from collections.abc import Sequence

from dsl import syntax, types
from dsl.analysis.domains import Choice, Domain, Points, leaves
from dsl.analysis.lines import Line
from dsl.analysis.patterns import Texts
from dsl.analysis.scales import scale_of
from dsl.analysis.values import NotAnalysed


def domain_of(of: types.Type, cells: Sequence[syntax.Cell]) -> Domain:
    """The domain of a column by its type and cells; NotAnalysed where the cells do not fit the type."""
    kind, optional = types.present(of), isinstance(of, types.Maybe)
    if isinstance(kind, types.Enum) or kind == types.BOOLEAN:
        return Choice(kind, optional)
    every = [leaf for cell in cells for leaf in leaves(cell)]
    ordered = any(map(_is_ordered, every))
    scale = scale_of(kind)
    if kind == types.TEXT and not ordered:
        return _text(optional, cells, every)
    if scale is None or (kind == types.DURATION and not ordered):
        return Points(kind, optional, cells)
    return Line(scale, optional, cells, ordered)


def _text(optional: bool, cells: Sequence[syntax.Cell], every: Sequence[syntax.Cell]) -> Domain:
    if any(isinstance(leaf, syntax.PatternCell) for leaf in every):
        try:
            return Texts(optional, cells)
        except NotAnalysed:
            pass  # too many patterns: then they are not decided, but the values beside them are
    return Points(types.TEXT, optional, cells)


def _is_ordered(cell: syntax.Cell) -> bool:
    return isinstance(cell, syntax.RangeCell) or (
        isinstance(cell, syntax.CompareCell) and cell.operator not in ("=", "<>")
    )
