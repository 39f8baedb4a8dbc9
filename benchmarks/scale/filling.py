"""A full store, made quickly: what the pipeline made of some messages, copied under new ids over the days before today.

So every row has the columns that a real one has, its id stands in the right partition and on the right day, and
lanes, keys, ledger and problems fit to it.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import psycopg
from sqlalchemy import Connection, select, text

from app.runtime.installation import Installation
from app.runtime.intake import accept_lines
from app.storage import days
from app.storage.claims import ClaimedLane
from app.storage.database import Database
from app.storage.deliveries import delivery
from app.storage.identity import MILLISECONDS_A_DAY, milliseconds
from app.storage.lanes import NOTHING_OPEN, LaneKey, Touch, lanes_table, touch
from app.storage.lanes import Kind as LaneKind
from app.storage.problems import Kind, add_problems
from tests.journey import ENVIRONMENT, deliver_all, drain_all, order
from tests.servers import Postgres

PATTERNS = 400
A_LANE = 50
FIRST = 100_000_000
_MODES = {**dict.fromkeys(range(0, 400, 50), "reject"), **dict.fromkeys(range(1, 400, 100), "hold")}
_MODES |= dict.fromkeys(range(2, 400, 40), "ignore")
_AT = "+ (c.at - p.received_at)"
_NEW: Mapping[str, Mapping[str, str]] = {
    "messages": {"id": "c.id", "lane": "c.inbox", "seq": "c.n", "correlation_id": "c.id", "body_id": "c.id"},
    "message_keys": {
        "message_id": "c.id", "value": "CASE t.name WHEN 'lot' THEN c.lot ELSE 'order-' || c.n END",
    },
    "message_history": {"message_id": "c.id"},
    "outcomes": {"message_id": "c.id"},
    "bodies": {"id": "c.id", "hash": "md5(c.id) || md5('b' || c.id)"},
    "deliveries": {
        "id": "c.delivery", "lane": "c.outbox", "seq": "c.n", "message_id": "c.id", "correlation_id": "c.id",
        "ledger_key": "c.ledger",
    },
    "delivery_bodies": {"delivery_id": "c.delivery"},
    "attempts": {"delivery_id": "c.delivery"},
}  # fmt: skip
_OF_DELIVERY = ("deliveries", "delivery_bodies", "attempts")
_NARROW = (
    "INSERT INTO duplicate_keys SELECT ('x' || substr(k, 1, 2))::bit(8)::int, k, md5(k) || md5('b' || k), "
    "'[\"' || c.id || '\"]', c.at FROM (SELECT *, md5(id) || '00000000' AS k FROM copies) c",
    "INSERT INTO ledger SELECT ('x' || substr(c.ledger, 1, 2))::bit(8)::int, c.ledger, c.delivery "
    "FROM copies c WHERE c.old_delivery IS NOT NULL",
    "INSERT INTO problems SELECT ('x' || substr(c.id, 1, 2))::bit(8)::int, c.id, t.fingerprint, t.environment, c.at "
    "FROM copies c JOIN problems t ON t.subject_id = c.old",
    "INSERT INTO problems SELECT ('x' || substr(c.delivery, 1, 2))::bit(8)::int, c.delivery, t.fingerprint, "
    "t.environment, c.at FROM copies c JOIN problems t ON t.subject_id = c.old_delivery",
)


@dataclass(frozen=True)
class Size:
    """How many messages over how many days before today."""

    messages: int
    days: int

    @property
    def lots(self) -> int:
        """How many lanes of each kind they stand in."""
        return max(100, self.messages // A_LANE)


def fill(installation: Installation, size: Size) -> float:
    """Fill a fresh store; the seconds that it took."""
    begun = time.monotonic()
    _make_days(installation.database, size.days)
    _make_patterns(installation)
    with installation.database.engine.connect() as tx:
        tx.detach()  # for its temporary tables and its patience
        tx.execute(text("SET statement_timeout = 0"))
        _note_patterns(tx, size)
        first = FIRST
        for day, count in _by_day(size):
            _copy_day(tx, day, first, count)
            tx.commit()
            first += count
    with installation.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        tx.detach()
        tx.execute(text("SET statement_timeout = 0"))
        tx.execute(text("VACUUM ANALYZE"))
    return time.monotonic() - begun


def _make_days(database: Database, count: int) -> None:
    """The ranges of a store that has kept so many days: as many days in each as the product gives them."""
    today = milliseconds() // MILLISECONDS_A_DAY
    with database.begin() as tx:
        for one in days.ranges(tx):
            tx.exec_driver_sql("DROP TABLE " + ", ".join(f'"{one.partition(t)}"' for t in days.TABLES))
        days.make_ahead(tx, today - count, days.width(count))
        while days.ranges(tx)[-1].high <= today + days.AHEAD:
            days.make_ahead(tx, days.ranges(tx)[-1].high, days.width(count))


def _make_patterns(installation: Installation) -> None:
    """Some messages as the pipeline leaves them: most delivered, some refused, held, ignored; some not taken."""
    lines = [
        order(2 * FIRST + n, f"P{n % 20}", **({"mode": _MODES[n]} if n in _MODES else {}))
        for n in range(PATTERNS)
    ]
    accept_lines(installation, ENVIRONMENT, "shop.order", b"\n".join(lines))
    drain_all(installation)
    deliver_all(installation)
    with installation.database.begin() as tx:
        ids = list(tx.execute(text("SELECT id FROM deliveries ORDER BY id LIMIT 6")).scalars())
        found = [delivery(tx, id) for id in ids]
        kind = Kind(
            ENVIRONMENT,
            "delivery",
            "dead",
            "journey",
            "orders",
            "erp.order",
            found[0].release_id,
            code="refused",
        )
        tx.execute(
            text("UPDATE deliveries SET state = 'dead', reason = 'HTTP 422' WHERE id = ANY(:ids)"),
            {"ids": ids},
        )
        add_problems(tx, [(id, kind) for id in ids], found[0].created_at)


def _note_patterns(tx: Connection, size: Size) -> None:
    tx.execute(
        text(
            "CREATE TEMP TABLE patterns AS SELECT row_number() OVER (ORDER BY m.id) - 1 AS nr, m.id, "
            "m.day, m.received_at, d.id AS delivery FROM messages m LEFT JOIN deliveries d ON d.message_id = m.id"
        )
    )
    tx.execute(text("CREATE TEMP TABLE lots (nr int, lot text, inbox text, outbox text)"))
    found = {kind: _key(tx, kind) for kind in ("inbox", "outbox")}
    rows = []
    for nr in range(size.lots):
        keys = {kind: replace(key, order_key=f"L{nr}") for kind, key in found.items()}
        touch(tx, [Touch(key, A_LANE, False, NOTHING_OPEN) for key in keys.values()])
        rows.append({"nr": nr, "lot": f"L{nr}", **{kind: key.id for kind, key in keys.items()}})
    tx.execute(text("INSERT INTO lots VALUES (:nr, :lot, :inbox, :outbox)"), rows)
    tx.execute(text("ANALYZE patterns"))
    tx.execute(text("ANALYZE lots"))


def _key(tx: Connection, kind: LaneKind) -> LaneKey:
    c = lanes_table.c
    query = select(*[c[name] for name in ClaimedLane.__slots__]).where(c.kind == kind, c.order_key == "P3")
    return ClaimedLane(**tx.execute(query).mappings().one()).key(kind)


def _by_day(size: Size) -> Iterator[tuple[int, int]]:
    today = milliseconds() // MILLISECONDS_A_DAY
    for number in range(size.days):
        upto, before = (size.messages * n // size.days for n in (number + 1, number))
        yield today - size.days + number, upto - before


def _copy_day(tx: Connection, day: int, first: int, count: int) -> None:
    tx.execute(text("DROP TABLE IF EXISTS copies"))
    moment = (
        f"({day * MILLISECONDS_A_DAY}::bigint + (n - {first}) * {MILLISECONDS_A_DAY - 10}::bigint / {count})"
    )
    tx.execute(
        text(
            "CREATE TEMP TABLE copies AS SELECT n, p.id AS old, p.delivery AS old_delivery, l.*, "
            f"{day} AS day, to_timestamp(moment / 1000.0) AS at, md5('l' || n) || '00000000' AS ledger, "
            "substr(l.inbox, 1, 2) || lpad(to_hex(moment), 12, '0') || substr(md5(n::text), 1, 18) AS id, "
            "substr(l.outbox, 1, 2) || lpad(to_hex(moment + 5), 12, '0') || substr(md5('d' || n), 1, 18) AS delivery "
            f"FROM (SELECT n, {moment} AS moment FROM generate_series({first}, {first + count - 1}) n) g "
            "JOIN patterns p ON p.nr = g.n % (SELECT count(*) FROM patterns) "
            "JOIN lots l ON l.nr = (g.n * 7919::bigint) % (SELECT count(*) FROM lots)"
        )
    )
    tx.execute(text("ANALYZE copies"))
    for table in days.TABLES:
        if table.name in _NEW:
            tx.execute(text(_copying(table.name, [c.name for c in table.c], table.info["day_of"])))
    for statement in _NARROW:
        tx.execute(text(statement.replace(":", "\\:")))


def _copying(table: str, columns: list[str], id: str) -> str:
    new = dict(_NEW[table])
    new["day"] = "c.day"
    new["partition"] = f"('x' || substr({new[id]}, 1, 2))\\:\\:bit(8)\\:\\:int"
    old = "old_delivery" if table in _OF_DELIVERY else "old"
    moments = [name for name in columns if name == "at" or name.endswith("_at")]
    new |= {name: f"t.{name} {_AT}" for name in moments}
    listed = ", ".join(f'"{name}"' for name in columns)
    chosen = ", ".join(new.get(name, f't."{name}"') for name in columns)
    return (
        f'INSERT INTO "{table}" ({listed}) SELECT {chosen} FROM copies c '
        f"JOIN patterns p ON p.id = c.old "
        f'JOIN "{table}" t ON t."{id}" = c.{old} AND t.day = p.day'
    )


def there(server: Postgres, name: str) -> bool:
    """Whether the server has a database of this name."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        return (
            connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
        )
