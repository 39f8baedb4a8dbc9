"""Columns: `=` and `on` of neighbouring fields, the bars of a table's rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

STEP = "  "
WIDEST_TARGET = 24
WIDEST_VALUE = 72


@dataclass(slots=True)
class Printed:
    """A line of text to be.

    `columns` are the parts that stand in line with those of its neighbours of the same kind: of a
    field target, value and handlers; of a row its separators and cells in turn.
    """

    depth: int = 0
    text: str = ""
    comment: str = ""
    kind: str = ""
    raw: bool = False
    blank_before: bool = False
    columns: list[str] = field(default_factory=list)

    def written(self) -> str:
        """The line as it goes into the file."""
        if self.raw:
            return self.text
        words = f"{self.text}  {self.comment}" if self.text and self.comment else self.text + self.comment
        return (STEP * self.depth + words).rstrip()


def align(lines: Sequence[Printed]) -> None:
    """Set the text of the lines that have columns."""
    for group in _groups(lines, ("field", "let")):
        _align_fields(group)
    for group in _groups(lines, ("row",)):
        _align_rows(group)


def _groups(lines: Sequence[Printed], kinds: tuple[str, ...]) -> list[list[Printed]]:
    """Neighbours of these kinds at one depth; comments between them don't part them."""
    groups: list[list[Printed]] = []
    open_group: list[Printed] = []
    for line in lines:
        parted = line.blank_before and "row" not in kinds
        if line.kind not in kinds or parted or (open_group and open_group[-1].depth != line.depth):
            if line.kind in ("comment", "continued") and not parted:
                continue
            open_group = []
        if line.kind in kinds:
            if not open_group:
                groups.append(open_group)
            open_group.append(line)
    return groups


def _align_fields(group: Sequence[Printed]) -> None:
    targets = [len(line.columns[0]) for line in group if line.kind == "field"]
    width = max((w for w in targets if w <= WIDEST_TARGET), default=0)
    for line in group:
        target = line.columns[0].ljust(width) if line.kind == "field" else line.columns[0]
        line.text = f"{target} = {line.columns[1]}"
    handled = [line for line in group if line.columns[2]]
    column = max((len(line.text) for line in handled if len(line.text) <= WIDEST_VALUE), default=0)
    for line in handled:
        line.text = f"{line.text.ljust(column)}  {line.columns[2]}"


def _align_rows(group: Sequence[Printed]) -> None:
    widths: dict[int, int] = {}
    for line in group:
        for index, cell in enumerate(line.columns):
            widths[index] = max(widths.get(index, 0), len(cell))
    for line in group:
        cells = [cell.ljust(widths[index]) for index, cell in enumerate(line.columns)]
        line.text = " ".join(cells).rstrip()
