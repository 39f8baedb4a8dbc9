"""How the places of one claim are shared among flows: by weight, the urgent ones first.

Nothing here reads the database: what is due goes in, how many lanes each flow may have comes out.
"""

import heapq
import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from app.storage.due import Due

URGENT_SHARE = 0.8
_Flow = tuple[str, str, str]


@dataclass(frozen=True)
class Shares:
    """The weight of each flow (1 unless said), and the flows that go first.

    `only_urgent` leaves everything else to others: so a sender is kept free for what is urgent.
    """

    weights: Mapping[_Flow, int] = field(default_factory=dict)
    urgent: Collection[_Flow] = ()
    only_urgent: bool = False

    def allot(self, due: Sequence[Due], places: int) -> list[tuple[Due, int]]:
        """How many lanes each may have, what is urgent first; no place stays empty while somebody waits."""
        urgent = [one for one in due if one.of_flow in self.urgent]
        others = [one for one in due if one.of_flow not in self.urgent]
        if self.only_urgent or not others:
            return self._divide(urgent, places)
        waiting = sum(one.count for one in others)
        reserved = max(math.floor(places * URGENT_SHARE), places - waiting)
        first = self._divide(urgent, min(reserved, places - 1) if places > 1 else places)
        return first + self._divide(others, places - sum(count for _, count in first))

    def _divide(self, due: Sequence[Due], places: int) -> list[tuple[Due, int]]:
        """Place by place to whoever has had least for its weight; who begins is drawn by weight."""
        given = [0] * len(due)
        queue = [(random.random() / self._weight(one), n) for n, one in enumerate(due)]
        heapq.heapify(queue)
        while queue and places > 0:
            turn, n = heapq.heappop(queue)
            given[n] += 1
            places -= 1
            if given[n] < due[n].count:
                heapq.heappush(queue, (turn + 1 / self._weight(due[n]), n))
        return [(one, count) for one, count in zip(due, given, strict=True) if count]

    def _weight(self, due: Due) -> int:
        return max(1, self.weights.get(due.of_flow, 1))
