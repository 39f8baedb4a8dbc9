"""Which outbox lanes a process takes in hand, and when it looks for more."""

import time
from collections.abc import Callable, Collection

from sqlalchemy import ColumnElement

from app.runtime.connections import Connections
from app.runtime.installation import Installation
from app.runtime.outbox import OutboxWork
from app.runtime.precedence import shares_of
from app.runtime.remedying import Remedies
from app.runtime.transactions import insist
from app.storage.claims import claim, give_back
from app.storage.flows import FlowPolicy, flow_policies

_DEFAULT = FlowPolicy()


class Claiming:
    """Claims lanes for some senders, of which `spare` are kept for what is urgent where a live release has such a flow."""

    def __init__(
        self, installation: Installation, shop: Connections, holder: str, senders: int, spare: int
    ) -> None:
        self._installation = installation
        self._shop = shop
        self._holder = holder
        self._senders = senders
        self._spare = spare
        self._more = False  # whether more may be due
        self._more_urgent = False
        self._aside = False  # whether lanes of a crowded or stopped endpoint were passed over

    def look(self) -> None:
        """Somebody rang, or a lane was left that has more to do."""
        self._more = self._more_urgent = True

    def left(self) -> None:
        """A lane was left: its endpoint may be crowded or stopped no longer."""
        if self._aside:
            self.look()

    def due(self, in_hand: int) -> bool:
        """Whether there is a reason to claim, and room beside those in hand."""
        room, general = self._room(in_hand)
        return (self._more and general > 0) or (self._more_urgent and room > 0)

    def _room(self, in_hand: int) -> tuple[int, int]:
        """How many more lanes may be in hand; and how many of them may be any lanes."""
        depth = self._shop.pace.depth()
        spare = self._spare if self._installation.urgent.now() else 0
        return self._senders * depth - in_hand, (self._senders - spare) * depth - in_hand

    def claim(
        self, in_hand: int, partitions: Collection[int], only: ColumnElement[bool] | None
    ) -> list[OutboxWork]:
        """As many lanes as there is room for."""
        room, general = self._room(in_hand)
        only_urgent = not (self._more and general > 0)
        limit = min(room if only_urgent else general, self._shop.pace.lanes())
        crowded = self._shop.crowded()
        works, claimed = insist(lambda: self._claim(limit, partitions, only, crowded, only_urgent))
        self._more_urgent = claimed == limit
        if not only_urgent:
            self._more, self._aside = self._more_urgent, bool(crowded) or claimed > len(works)
        return works

    def _claim(
        self,
        limit: int,
        partitions: Collection[int],
        only: ColumnElement[bool] | None,
        crowded: Collection[tuple[str, str]],
        only_urgent: bool,
    ) -> tuple[list[OutboxWork], int]:
        settings, urgent = self._installation.settings, self._installation.urgent.now()
        lease = settings.lease_seconds + settings.delivery_deadline
        with self._installation.database.begin() as tx:
            policies = flow_policies(tx)
            paused = [flow for flow, policy in policies.items() if policy.paused]
            lanes = claim(
                tx,
                "outbox",
                partitions,
                self._holder,
                lease,
                limit,
                without_endpoints=crowded,
                without_flows=paused,
                only=only,
                shares=shares_of(policies, urgent, only_urgent),
            )
            admitted = self._shop.breakers.admit(tx, lanes, self._holder)
        remedies = Remedies(self._installation)
        works = [
            OutboxWork(
                lane,
                policies.get(lane.of_flow, _DEFAULT),
                settings,
                remedies,
                self._shop.gate(lane.environment, lane.endpoint, admitted[lane.id]),
            )
            for lane in lanes
            if lane.id in admitted
        ]
        return works, len(lanes)


class Waiting:
    """Lanes that are claimed and wait to be noted: until there is a sender for them, or half their lease is over."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._works: list[tuple[OutboxWork, float]] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._works)

    def add(self, works: Collection[OutboxWork]) -> None:
        """These were claimed now."""
        until = time.monotonic() + self._installation.settings.lease_seconds / 2
        self._works += [(work, until) for work in works]

    def take(self, admit: Callable[[OutboxWork], bool]) -> list[OutboxWork]:
        """Those for which there is a sender, in order."""
        taken = []
        for entry in list(self._works):
            if admit(entry[0]):
                self._works.remove(entry)
                taken.append(entry[0])
        return taken

    def late(self, all: bool = False) -> list[OutboxWork]:
        """Those that have waited for too long, or all."""
        late = [entry for entry in self._works if all or time.monotonic() > entry[1]]
        self._works = [entry for entry in self._works if entry not in late]
        if late:
            with self._installation.database.begin() as tx:
                give_back(tx, [work.lane for work, _ in late])
        return [work for work, _ in late]
