"""Rows that change nothing."""

from collections.abc import Iterator, Sequence

from dsl.analysis.boxes import WORK, Budget, OutOfBudget, meeting, meeting_below, uncovered
from dsl.analysis.domains import pieces
from dsl.analysis.findings import Idle
from dsl.analysis.outputs import Outputs

Boxes = Sequence[Sequence[int]]
MOST_NAMED = 12


def idle_rows(policy: str, sure: Boxes, may: Boxes, outputs: Outputs) -> tuple[list[Idle], bool]:
    """Idle rows in their order, and whether there was time to look at all rows."""
    found = {number: Idle(number, "fits nothing") for number, box in enumerate(may) if not all(box)}
    finished = True
    try:
        for idle in _by_policy(policy, sure, may, outputs, found):
            found.setdefault(idle.row, idle)
    except OutOfBudget:
        finished = False
    return [found[number] for number in sorted(found)], finished


def _by_policy(
    policy: str, sure: Boxes, may: Boxes, outputs: Outputs, found: dict[int, Idle]
) -> Iterator[Idle]:
    budget = Budget(WORK // 2)
    if policy == "first":
        yield from _hidden(range(len(sure)), sure, may, budget)
        yield from _said_below(sure, may, outputs, found, budget)
    elif policy == "priority":
        ranks = {number: rank for number in range(len(sure)) if (rank := outputs.rank(number)) is not None}
        yield from _hidden(sorted(ranks, key=lambda number: (ranks[number], number)), sure, may, budget)
    elif policy == "any":
        yield from _repeated(sure, may, outputs, found, budget)


def _hidden(order: Sequence[int], sure: Boxes, may: Boxes, budget: Budget) -> Iterator[Idle]:
    """Rows that those before them in the order take whole."""
    for place, before in meeting([may[number] for number in order]):
        row = order[place]
        others = [order[other] for other in pieces(before)]
        covers = _covers(may[row], others, sure, budget)
        if covers:
            yield Idle(row, "never reached", tuple(sorted(covers)))


def _repeated(
    sure: Boxes, may: Boxes, outputs: Outputs, found: dict[int, Idle], budget: Budget
) -> Iterator[Idle]:
    """Under any: rows whose inputs others fit that say the same; of two equal ones the lower."""
    below, above = meeting_below(may), dict(meeting(may))
    for row in reversed(range(len(sure))):
        same = outputs.same(row)
        near = [
            *pieces(above.get(row, 0) & same),
            *(other for other in below.get(row, ()) if same >> other & 1),
        ]
        others = [other for other in near if other not in found]
        covers = _covers(may[row], others, sure, budget)
        if covers:
            yield Idle(row, "adds nothing", tuple(covers))


def _said_below(
    sure: Boxes, may: Boxes, outputs: Outputs, found: dict[int, Idle], budget: Budget
) -> Iterator[Idle]:
    """Under first: rows that one row below takes whole and says the same, with nothing else in between."""
    for row, later in sorted(meeting_below(may).items()):
        same = outputs.same(row)
        if row in found or same == 1 << row:
            continue
        for below in later:
            budget.spend(1)
            if not all(a & b for a, b in zip(may[row], may[below], strict=True)):
                continue
            if not same >> below & 1:
                break
            if below not in found and not any(a & ~b for a, b in zip(may[row], sure[below], strict=True)):
                yield Idle(row, "adds nothing", (below,))
                break


def _covers(region: Sequence[int], others: Sequence[int], boxes: Boxes, budget: Budget) -> list[int]:
    """Rows that cover a region together, as few as can easily be found; none where they do not."""
    met = [other for other in others if all(a & b for a, b in zip(region, boxes[other], strict=True))]
    budget.spend(len(others))
    for other in met:
        if not any(a & ~b for a, b in zip(region, boxes[other], strict=True)):
            return [other]
    if len(met) < 2 or uncovered(region, [boxes[other] for other in met], budget) is not None:
        return []
    for other in list(met) if len(met) <= MOST_NAMED else ():
        rest = [one for one in met if one != other]
        if uncovered(region, [boxes[one] for one in rest], budget) is None:
            met = rest
    return met
