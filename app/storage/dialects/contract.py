"""What a database is asked that SQLite and PostgreSQL do not say alike."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import URL, Column, ColumnElement, Connection, Engine, Table

Reading = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Guards:
    """What a session may take, in seconds, before the database ends it or its statement.

    A host that is cut off inside a transaction keeps its locks until the server ends its session: sooner
    than those who wait for them give up.
    """

    statement: float = 60.0
    lock: float = 20.0
    idle: float = 10.0
    transaction: float = 300.0
    busy: float = 30.0


class Health(NamedTuple):
    """One thing to be said of a server: how bad it is, what was found, what to do."""

    status: Literal["ok", "warn", "fail"]
    found: str
    do: str = ""


class Doomed(NamedTuple):
    """A partition to be dropped from its table; rows whose `id` this query gives are kept elsewhere in it."""

    table: str
    partition: str
    id: str
    keep: str


class Write(NamedTuple):
    """Rows of one table, their values in the order of these columns."""

    table: Table
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Partitions(Protocol):
    """Tables of which each range of days is a table of its own; only where a database has them."""

    def found(self, tx: Connection, table: str) -> list[tuple[str, int, int]]:
        """The partitions of a table: name, first day, day after the last. What takes the rest is not told."""
        ...

    def strays(self, tx: Connection, table: str, low: int, high: int) -> int:
        """How many rows of these days stand in the rest."""
        ...

    def make(self, tx: Connection, table: str, name: str, low: int, high: int) -> None:
        """A further partition; the rows of its days that stand in the rest move over."""
        ...

    def hold(self, tx: Connection, names: Iterable[str]) -> None:
        """Nobody writes to these partitions until the transaction ends."""
        ...

    def drop(self, tx: Connection, doomed: Sequence[Doomed]) -> None:
        """Drop partitions that belong together, all at once."""
        ...

    def temporary(self, tx: Connection, name: str, query: Any) -> int:
        """A table of this transaction alone with the ids (`id`) that a query gives; how many."""
        ...

    def size(self, tx: Connection, names: Sequence[str]) -> int:
        """Bytes on disk."""
        ...

    def be_quick(self, tx: Connection) -> None:
        """Give up a lock that is not to be had at once: whoever comes while this waits would wait behind it."""
        ...


class Dialect(Protocol):
    """One kind of database."""

    def __hash__(self) -> int:
        """There is one of each kind: what is made for it once can be kept."""
        ...

    @property
    def name(self) -> Literal["sqlite", "postgresql"]:
        """As SQLAlchemy calls it."""
        ...

    @property
    def many_writers(self) -> bool:
        """Whether several transactions can write at once."""
        ...

    @property
    def comes_back(self) -> bool:
        """Whether it is a server that may be away for a while."""
        ...

    @property
    def partitions(self) -> Partitions | None:
        """The partitions of days; None where a table is always whole."""
        ...

    def open(self, url: URL, guards: Guards) -> Engine:
        """Connect lazily, each session with these guards."""
        ...

    def reading(self) -> Mapping[str, Any]:
        """The options of a connection that only reads: it waits for no writer, stops none and can't write."""
        ...

    def end_silent(self, tx: Connection, seconds: float) -> int:
        """End sessions of ours that began to send rows so long ago and say no more: how many.

        No time limit of a session reaches into a COPY: a host that is cut off in one would keep its locks for ever.
        """
        ...

    def unhurried(self, connection: Connection) -> AbstractContextManager[None]:
        """The session for questions about a whole store, which may take minutes."""
        ...

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:
        """The session for as long as the schema is changed: that takes as long as it takes."""
        ...

    def restrict(self, tx: Connection, table: str, column: str, values: Collection[str]) -> None:
        """Refuse any other value of a column in rows that are written from now on; without values take any.

        Only while the schema is changed (`migrating`). The frequent values first.
        """
        ...

    def examine(self, tx: Connection, table: str, column: str) -> None:
        """Have the database look at the rows that were there before, beside those who write."""
        ...

    def stored_time(self, moment: datetime) -> datetime:
        """A moment in UTC as the driver takes it."""
        ...

    def writes_itself(self, type_: Any) -> bool:
        """Whether the driver takes the values of a type as they are."""
        ...

    def now(self, tx: Connection) -> datetime:
        """The database's clock."""
        ...

    def clock(self, seconds: float) -> ColumnElement[Any]:
        """The database's clock, so many seconds later, within a statement, which may be made once."""
        ...

    def hasten(self, tx: Connection, lock_seconds: float, seconds: float) -> datetime:
        """Have a transaction wait for locks and statements no longer than so; the database's clock."""
        ...

    def insert(self, table: Table) -> Any:
        """An INSERT with on_conflict_do_nothing and on_conflict_do_update."""
        ...

    def insert_many(self, table: Table, names: Sequence[str]) -> Any:
        """The same INSERT for any number of rows at once, in the order given; run it by `execute_many`."""
        ...

    def execute_many(
        self, tx: Connection, statement: Any, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> Sequence[Sequence[Any]]:
        """Execute an `insert_many` with rows, one at least; what it returns."""
        ...

    def update_many(self, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
        """The same UPDATE for any number of rows at once, found by all of these columns; execute it with `renewed`."""
        ...

    def renewed(
        self, table: Table, keys: Sequence[str], values: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Any:
        """Rows, each its keys and then its values, as the parameters of an `update_many`."""
        ...

    def write(self, tx: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Any]) -> None:
        """Insert rows, one at least, whose values stand in the order of these columns as the driver takes them."""
        ...

    def write_together(self, tx: Connection, writes: Sequence[Write]) -> None:
        """The same for several tables, in the order given, each with one row at least."""
        ...

    def among(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
        """Rows whose columns have together one of these sets of values, given column by column.

        A column `day` says which partitions are looked into.
        """
        ...

    def listed(self, columns: Sequence[Column[Any]]) -> ColumnElement[bool]:
        """As `among`, for a statement that is made once; execute it with `listing`."""
        ...

    def listing(self, columns: Sequence[Column[Any]], values: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """The values of a `listed`, column by column, one set at least."""
        ...

    def for_each(
        self,
        tx: Connection,
        query: Any,
        columns: Sequence[Column[Any]],
        values: Sequence[Sequence[Any]],
        given: Mapping[str, Any],
    ) -> Iterator[Any]:
        """What a query about one row of a table gives for each row that `among` would find, in any order.

        The query is made once, `given` are its parameters.
        """
        ...

    def groups(self, query: Any, columns: Sequence[Column[Any]]) -> Any:
        """What there is of these columns in the rows of a query, once each, as `flows`."""
        ...

    def folder(self, url: URL, read: Reading) -> Path | None:
        """Where the data stands, if that is on this machine and may be known."""
        ...

    def health(self, tx: Connection) -> Iterator[Health]:
        """Its version, and whether a commit survives a power cut."""
        ...

    def mended(self, error: Exception) -> bool:
        """Whether a connection that failed so may succeed later by itself."""
        ...

    def damaged(self, error: Exception) -> bool:
        """Whether the file is no database any more."""
        ...
