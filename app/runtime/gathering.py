"""Requests in flight at once share a commit: one of them writes for all that came while it was waiting.

Whoever finds nobody writing writes at once, so that a sender alone waits for nobody. Whoever comes meanwhile
is written by the next one, together with everybody else who waits then. A ticket is answered only after the
commit that holds it; what goes wrong because of one ticket is wrong for that ticket alone.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_ITEMS = 500
MOST_BYTES = 4_000_000


@dataclass(eq=False)
class Ticket(Generic[Item, Result]):
    """What one request wants written. Two tickets with a key in common are never written together."""

    items: Sequence[Item]
    size: int = 0
    keys: frozenset[Hashable] = frozenset()
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None
    taken: bool = False
    done: bool = False


class Gathering(Generic[Item, Result]):
    """Tickets of the threads of one process; at most `writers` of them write at a time."""

    def __init__(self, write: Callable[[Sequence[Item]], list[Result]], writers: int = 1) -> None:
        self._write = write
        self._free = writers
        self._waiting: deque[Ticket[Item, Result]] = deque()
        self._changed = Condition()

    def put(self, ticket: Ticket[Item, Result]) -> list[Result]:
        """Have it written, alone or with others; what became of its items. Errors: whatever `write` raises."""
        self.put_all([ticket])
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    def put_all(self, tickets: Sequence[Ticket[Item, Result]]) -> None:
        """Have these written, together as far as they may be; each says what became of it."""
        with self._changed:
            self._waiting.extend(tickets)
        for ticket in tickets:
            while batch := self._turn(ticket):
                self._lead(batch)

    def _turn(self, ticket: Ticket[Item, Result]) -> list[Ticket[Item, Result]]:
        """What this thread is to write now; nothing once its own ticket is done."""
        with self._changed:
            while not ticket.done and (ticket.taken or not self._free):
                self._changed.wait()
            return [] if ticket.done else self._take()

    def _take(self) -> list[Ticket[Item, Result]]:
        """The oldest tickets that may go together; whoever is passed over stays in front."""
        self._free -= 1
        batch: list[Ticket[Item, Result]] = []
        later: list[Ticket[Item, Result]] = []
        keys: set[Hashable] = set()
        items = size = 0
        while self._waiting and items < MOST_ITEMS and size < MOST_BYTES:
            ticket = self._waiting.popleft()
            if ticket.keys & keys:
                later.append(ticket)
                continue
            batch.append(ticket)
            ticket.taken = True
            keys |= ticket.keys
            items, size = items + len(ticket.items), size + ticket.size
        self._waiting.extendleft(reversed(later))
        return batch

    def _lead(self, batch: Sequence[Ticket[Item, Result]]) -> None:
        try:
            self._store(batch)
        except BaseException as error:
            for ticket in batch:
                ticket.error = ticket.error or (None if ticket.results else error)
        finally:
            with self._changed:
                self._free += 1
                for ticket in batch:
                    ticket.done = True
                self._changed.notify_all()

    def _store(self, batch: Sequence[Ticket[Item, Result]]) -> None:
        """All in one; where that fails and the database is not to blame, each for itself."""
        try:
            results = self._write([item for ticket in batch for item in ticket.items])
        except Exception as error:
            if len(batch) == 1 or _database_fails(error):
                raise
            for ticket in batch:
                self._store_alone(ticket)
            return
        for ticket in batch:
            ticket.results, results = results[: len(ticket.items)], results[len(ticket.items) :]

    def _store_alone(self, ticket: Ticket[Item, Result]) -> None:
        try:
            ticket.results = self._write(ticket.items)
        except Exception as error:
            ticket.error = error


def _database_fails(error: Exception) -> bool:
    """Away, locked or full: the same for everybody, and perhaps it was committed."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, (OperationalError, TimeoutError))
