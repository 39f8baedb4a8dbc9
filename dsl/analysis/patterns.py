"""The domain of a text column with patterns: texts that the same values and patterns of the column fit are one piece.

All patterns run together as one automaton over the characters they name and one that none of them names.
Each set of patterns that some text fits is found with the shortest text that fits it.
"""

from collections.abc import Iterator, Sequence

from dsl import syntax, types
from dsl.analysis.domains import Domain, Fit, leaves, pieces
from dsl.analysis.values import NotAnalysed, constant, literal
from dsl.literals import quote

MOST_STEPS = 200_000
_UNNAMED = "xXzZqQ0189-_#~"
_VALUE, _PATTERN = False, True
Predicate = tuple[bool, str]


class Texts(Domain):
    """A piece for each set of values and patterns that some text fits. Raises NotAnalysed where they are too many."""

    def __init__(self, optional: bool, cells: Sequence[syntax.Cell]) -> None:
        self._predicates = list(dict.fromkeys(_predicates(cells)))
        found = _Automaton(self._predicates).classes()
        self._samples = list(found.values())
        super().__init__(len(self._samples), optional)
        self._masks = [0] * len(self._predicates)
        for piece, fitting in enumerate(found):
            for predicate in pieces(fitting):
                self._masks[predicate] |= 1 << piece
        self._numbers = {predicate: number for number, predicate in enumerate(self._predicates)}

    def value_fit(self, cell: syntax.Cell) -> Fit:
        predicate = _predicate(cell)
        if predicate is None:
            raise NotAnalysed
        found = self._masks[self._numbers[predicate]]
        if isinstance(cell, syntax.CompareCell) and cell.operator == "<>":
            found = self.present & ~found
        return found, found

    def parts(self, chosen: int) -> list[str] | None:
        """Whole patterns as far as they go, the rest piece by piece."""
        words, left = [], chosen
        for mask, predicate in sorted(
            zip(self._masks, self._predicates, strict=True), key=lambda p: -p[0].bit_count()
        ):
            if mask and mask & ~chosen == 0 and mask & left:
                words.append(_words(predicate))
                left &= ~mask
        return [*words, *(self._piece(piece) for piece in pieces(left))]

    def _piece(self, piece: int) -> str:
        """One piece: what fits all its patterns and none of the others that meet them."""
        bit = 1 << piece
        inside = [n for n, mask in enumerate(self._masks) if mask & bit]
        around = self.present
        for number in inside:
            around &= self._masks[number]
        outside = [n for n, mask in enumerate(self._masks) if not mask & bit and mask & around]
        needed = [f"not({_words(self._predicates[n])})" for n in inside]
        excluded = [_words(self._predicates[n]) for n in outside]
        return f"not({', '.join([*needed, *excluded, *([] if inside or not self.missing else ['missing'])])})"

    def sample(self, piece: int) -> str:
        return literal(self._samples[piece], types.TEXT).removeprefix("= ")

    def liked(self, present: int) -> int:
        return next((piece for piece in pieces(present) if self._samples[piece]), super().liked(present))


def _predicates(cells: Sequence[syntax.Cell]) -> Iterator[Predicate]:
    for cell in cells:
        for leaf in leaves(cell):
            predicate = _predicate(leaf)
            if predicate is not None:
                yield predicate


def _predicate(cell: syntax.Cell) -> Predicate | None:
    match cell:
        case syntax.PatternCell(pattern=pattern):
            return _PATTERN, pattern
        case syntax.ValueCell(value=value) | syntax.CompareCell(operator="=" | "<>", value=value):
            return _VALUE, constant(value)
    return None


def _words(predicate: Predicate) -> str:
    is_pattern, text = predicate
    return quote(text) if is_pattern else literal(text, types.TEXT)


class _Automaton:
    """All predicates side by side; a state is the set of places reached in them, one bit a place."""

    def __init__(self, predicates: Sequence[Predicate]) -> None:
        self._ends: dict[int, int] = {}
        self._start = self._stars = self._anything = place = 0
        self._moves: dict[str, int] = {}
        for number, (is_pattern, text) in enumerate(predicates):
            self._start |= 1 << place
            for index, char in enumerate(text):
                if is_pattern and char == "*":
                    if index and text[index - 1] == "*":
                        continue
                    self._stars |= 1 << place
                elif is_pattern and char == "?":
                    self._anything |= 1 << place
                else:
                    self._moves[char] = self._moves.get(char, 0) | 1 << place
                place += 1
            self._ends[place] = number
            place += 1
        self._accepting = sum(1 << end for end in self._ends)
        unnamed = next((c for c in _UNNAMED if c not in self._moves), None)
        rest = (chr(code) for code in range(0x100, 0x10000) if chr(code) not in self._moves)
        self._moves[unnamed or next(rest)] = 0

    def _closed(self, state: int) -> int:
        return state | (state & self._stars) << 1

    def classes(self) -> dict[int, str]:
        """From each set of predicates that fit together to the shortest text (not the empty one, if any other)."""
        start = self._closed(self._start)
        found = {self._fitting(start): ""}
        seen, queue, steps = {start}, [(start, "")], 0
        for state, text in queue:
            steps += len(self._moves)
            if steps > MOST_STEPS:
                raise NotAnalysed
            for char, named in self._moves.items():
                after = self._closed((state & (named | self._anything)) << 1 | state & self._stars)
                fitting = self._fitting(after)
                if not found.get(fitting):
                    found[fitting] = text + char
                if after not in seen:
                    seen.add(after)
                    queue.append((after, text + char))
        return found

    def _fitting(self, state: int) -> int:
        fitting = 0
        for end in pieces(state & self._accepting):
            fitting |= 1 << self._ends[end]
        return fitting
