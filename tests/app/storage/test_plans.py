"""What is asked all the time is found by an index, in the days that matter alone, however PostgreSQL plans it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import Boolean, Connection, DateTime, Integer, LargeBinary, Table, event, text

from app.storage import queries
from app.storage.claims import Release, claim, hold, release
from app.storage.database import Database, open_database
from app.storage.days import make_ahead, ranges
from app.storage.deliveries import (
    DeliveryMove,
    deliveries_table,
    delivery,
    move_deliveries,
    next_dues,
    open_deliveries,
    open_in_lanes,
)
from app.storage.due import due_partitions
from app.storage.identity import MILLISECONDS_A_DAY, PARTITIONS, day_of
from app.storage.lanes import lanes_table
from app.storage.messages import heads, message, message_keys_table, messages, messages_table, open_messages
from app.storage.selecting import Filter, select_messages
from app.storage.timers import due, timers_table

pytestmark = pytest.mark.postgres
DAYS, A_DAY, LANES = 4, 12_000, 5_000
_ALL = range(PARTITIONS)
_ID = (
    "lpad(to_hex(n % {lanes} % 256), 2, '0') || lpad(to_hex(cast({first} + n / {a_day} as bigint) * 86400000 + n), 12, '0')"
    " || substr(md5(n::text), 1, 18)"
)
_LANE = "lpad(to_hex(n % {lanes} % 256), 2, '0') || substr(md5((n % {lanes})::text), 1, 38)"
_OWN_LANE = "lpad(to_hex(n % 256), 2, '0') || substr(md5(n::text), 1, 38)"
_AT = "to_timestamp(({first} + n / {a_day}) * 86400 + n / 1000.0)"


class Store:
    """A database with some days of messages, one in fifty of them unfinished."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.begin() as tx:
            self.first = max(one.high for one in ranges(tx))
            for day in range(self.first, self.first + DAYS):
                make_ahead(tx, day, 1)
            self._fill(tx)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
        self.last = self.first + DAYS - 1
        self.suffixes = {self._suffix(day): day for day in range(self.first, self.first + DAYS)}

    @staticmethod
    def _suffix(day: int) -> str:
        return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y%m%d}"

    @property
    def noon(self) -> datetime:
        """On the last day."""
        return datetime.fromtimestamp(self.last * 86_400 + 43_200, UTC)

    def _fill(self, tx: Connection) -> None:
        day = "{first} + n / {a_day}"
        common = {
            "partition": "n % {lanes} % 256",
            "id": _ID,
            "day": day,
            "environment": "'prod'",
            "flow": "'f' || n % 7",
        }
        state = "case when n % 50 = 0 then {open} else {done} end"
        at = dict.fromkeys(("received_at", "created_at", "next_at", "updated_at"), _AT)
        messages_ = {
            "state": state.replace("{open}", "'received'").replace("{done}", "'done'"),
            "body_id": _ID,
            "correlation_id": _ID,
            "reason": "case when n % 50 = 1 then 'the unit is unknown' else '' end",
        }
        self._insert(tx, messages_table, DAYS * A_DAY, common | at | messages_ | {"lane": _LANE, "seq": "n"})
        keys = {"message_id": _ID, "name": "'lot'", "value": "'L' || n % 20000"}
        self._insert(tx, message_keys_table, DAYS * A_DAY, common | at | keys)
        sent = {
            "state": state.replace("{open}", "'pending'").replace("{done}", "'delivered'"),
            "message_id": _ID,
        }
        self._insert(tx, deliveries_table, DAYS * A_DAY, common | at | sent | {"lane": _LANE, "seq": "n"})
        lane = {
            "id": _OWN_LANE,
            "partition": "n % 256",
            "kind": "case when n % 2 = 0 then 'inbox' else 'outbox' end",
            "order_key": "n::text",
        }
        lane |= {"ready": "n % 50 < 2", "oldest_day": "{first} + {days} - 1", "endpoint": "'e' || n % 3"}
        self._insert(
            tx,
            lanes_table,
            DAYS * A_DAY,
            common | at | lane | {"blocked_by": "null", "next_at": "now() - interval '1 hour'"},
        )
        timer = {
            "state": "case when n % 20 = 0 then 'open' else 'met' end",
            "kind": "'expect'",
            "due_at": _AT,
        }
        timer["message_id"] = _ID
        self._insert(
            tx,
            timers_table,
            DAYS * A_DAY,
            common | at | timer | {"match": "md5(n::text)", "content": "'null'"},
        )

    def _insert(self, tx: Connection, table: Table, count: int, given: dict[str, str]) -> None:
        values = {c.name: given.get(c.name, _plain(c)) for c in table.c}
        names = ", ".join(f'"{name}"' for name in values)
        rows = f"insert into {table.name} ({names}) select {', '.join(values.values())}"
        said = f"{rows} from generate_series(0, {count - 1}) n"
        for name, value in (("first", self.first), ("a_day", A_DAY), ("lanes", LANES), ("days", DAYS)):
            said = said.replace("{" + name + "}", str(value))
        tx.exec_driver_sql(said.replace("%", "%%"))

    def one(self, table: Table, where: str) -> Any:
        """The first id of a table for which something holds."""
        with self.database.read() as tx:
            return tx.exec_driver_sql(
                f"select id from {table.name} where {where} order by id limit 1"
            ).scalar_one()

    def plans(self, ask: Callable[[Connection], object], mode: str) -> list[dict[str, Any]]:
        """Every node of the plans of what is asked that reads a table, as it was executed."""
        said: list[tuple[str, Any]] = []

        def listen(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
            said.append((statement, given))

        with self.database.engine.connect() as tx:
            event.listen(tx, "before_cursor_execute", listen)
            ask(tx)
            event.remove(tx, "before_cursor_execute", listen)
            tx.rollback()
            tx.exec_driver_sql(f"set local plan_cache_mode = {mode}")
            plans = [_explained(tx, statement, given) for statement, given in said]
            tx.rollback()
        return [node for plan in plans for node in _nodes(plan) if node["Actual Loops"]]

    def check(
        self, ask: Callable[[Connection], object], mode: str, index: str, days: set[int] | None
    ) -> None:
        """It goes by this index, by no table as a whole, and through no other days than these."""
        nodes = [node for node in self.plans(ask, mode) if self._filled(node["Relation Name"])]
        whole = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
        assert whole == []
        used = {node.get("Index Name", "") for node in nodes}
        assert any(index in name for name in used), used
        if days is not None:
            assert {self.suffixes[node["Relation Name"][-8:]] for node in nodes if self._dated(node)} <= days

    def _filled(self, relation: str) -> bool:
        return relation in ("lanes", "timers") or relation[-8:] in self.suffixes

    def _dated(self, node: dict[str, Any]) -> bool:
        return node["Relation Name"][-8:] in self.suffixes


def _plain(column: Any) -> str:
    """Something that fits, for a column on which nothing depends."""
    kind = getattr(column.type, "impl", column.type)
    if column.nullable:
        return "null"
    plain = {Boolean: "false", DateTime: "now()", LargeBinary: "''::bytea"}
    return next(
        (value for type_, value in plain.items() if isinstance(kind, type_)),
        "0" if isinstance(kind, Integer) else "''",
    )


def _explained(tx: Connection, statement: str, given: Any) -> dict[str, Any]:
    """The plan of a statement as drivers have it from the sixth time on: prepared."""
    connection: Any = tx.connection.driver_connection
    values = (given[0] if isinstance(given, list) else given) or {}
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    prepared = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", statement).replace("%%", "%")
    connection.execute(f"PREPARE planned AS {prepared}".encode())
    literals = ", ".join(sql.Literal(values[name]).as_string(connection) for name in names)
    words = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE planned{f'({literals})' if names else ''}"
    found = connection.execute(words.encode()).fetchone()[0][0]["Plan"]
    connection.execute("DEALLOCATE planned")
    return dict(found)


def _nodes(plan: dict[str, Any], relation: str = "") -> Iterator[dict[str, Any]]:
    relation = plan.get("Relation Name", relation)
    if "Relation Name" in plan or "Index Name" in plan:
        yield {**plan, "Relation Name": relation}
    for below in plan.get("Plans", ()):
        yield from _nodes(below, relation)


@pytest.fixture(scope="module")
def store(fresh_database: Callable[[str], Any]) -> Iterator[Store]:
    with fresh_database("postgresql") as url:
        database = open_database(url)
        yield Store(database)
        database.close()


@pytest.fixture(params=["force_custom_plan", "force_generic_plan"])
def mode(request: pytest.FixtureRequest) -> str:
    """As a statement is planned for its values, and once for all."""
    return str(request.param)


@pytest.mark.parametrize("kind", ["inbox", "outbox"])
def test_a_claim_goes_by_the_index_of_due_lanes(store: Store, mode: str, kind: Any) -> None:
    store.check(lambda tx: claim(tx, kind, _ALL, "w", 30), mode, "ix_lanes_due", set())
    store.check(lambda tx: due_partitions(tx, kind), mode, "ix_lanes_due", set())


def test_messages_of_claimed_lanes_are_read_from_the_days_in_which_some_are_open(
    store: Store, mode: str
) -> None:
    def read(tx: Connection) -> None:
        lanes = claim(tx, "inbox", _ALL, "w", 30)
        assert len(lanes) == 50
        open_messages(tx, lanes, 50)
        heads(tx, [lane.id for lane in lanes], store.last)

    store.check(read, mode, "partition_lane_seq", {store.last})


def test_due_deliveries_are_read_from_the_days_in_which_some_are_open(store: Store, mode: str) -> None:
    with store.database.read() as tx:
        row = tx.exec_driver_sql(
            f"select lane from deliveries where state = 'pending' and day = {store.last} limit 1"
        )
        lane = row.scalar_one()
        assert open_deliveries(tx, lane, 50, store.noon, store.last)
    index = "partition_lane_seq"
    store.check(lambda tx: open_deliveries(tx, lane, 50, store.noon, store.last), mode, index, {store.last})
    store.check(lambda tx: open_in_lanes(tx, [lane], 50, store.noon, store.last), mode, index, {store.last})
    store.check(lambda tx: next_dues(tx, [lane], store.last), mode, index, {store.last})


def test_results_of_many_deliveries_are_written_by_their_ids(store: Store, mode: str) -> None:
    sent = [store.one(deliveries_table, f"day = {store.last} and partition = {n}") for n in range(20)]
    with store.database.read() as tx:
        moves = [DeliveryMove(delivery(tx, id), "delivered") for id in sent]
    store.check(lambda tx: move_deliveries(tx, moves, store.noon), mode, "pkey", {store.last})


def test_claimed_lanes_are_held_and_left_by_their_ids(store: Store, mode: str) -> None:
    def turn(tx: Connection) -> None:
        held = hold(tx, claim(tx, "outbox", _ALL, "w", 30), 30)
        assert len(held.lanes) == 50
        release(
            tx, [Release(lane, 0, True, held.at, empty=lane.partition > 9) for lane in held.lanes.values()]
        )

    store.check(turn, mode, "pk_lanes", set())


def test_due_timers_go_by_their_index(store: Store, mode: str) -> None:
    moment = datetime.fromtimestamp(store.first * 86_400 + 1, UTC)
    store.check(lambda tx: due(tx, moment, 100), mode, "ix_timers_due", set())


def test_an_id_says_where_it_stands(store: Store, mode: str) -> None:
    id, sent = (store.one(table, f"day = {store.last}") for table in (messages_table, deliveries_table))
    few = [store.one(messages_table, f"day = {store.last} and partition = {n}") for n in range(20)]
    assert day_of(id) == store.last
    store.check(lambda tx: message(tx, id), mode, "pkey", {store.last})
    store.check(lambda tx: messages(tx, few), mode, "pkey", {store.last})
    store.check(lambda tx: delivery(tx, sent), mode, "pkey", {store.last})


def test_the_list_of_messages_goes_along_its_index_through_the_last_days(
    store: Store, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "milliseconds", lambda: (store.last + 1) * MILLISECONDS_A_DAY - 1)
    index, days = "environment_day_received_at_id", {store.last, store.last - 1}
    store.check(lambda tx: queries.search_messages(tx, "prod", limit=20), mode, index, days)
    with store.database.read() as tx:
        cursor = queries.search_messages(tx, "prod", limit=20).next_cursor
    store.check(lambda tx: queries.search_messages(tx, "prod", cursor=cursor, limit=20), mode, index, days)


def test_a_search_by_key_goes_by_the_index_of_keys(
    store: Store, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "milliseconds", lambda: (store.last + 1) * MILLISECONDS_A_DAY - 1)
    for key in ("lot:L77", "L77"):
        with store.database.read() as tx:
            assert len(queries.search_messages(tx, "prod", key=key).items) == 3
        ask = partial(queries.search_messages, environment="prod", key=key)
        store.check(ask, mode, "environment_value", None)
        looked = Counter(node.get("Index Name", "") for node in store.plans(ask, mode))
        assert (
            max(n for name, n in looked.items() if "environment_value" in name) <= 2
        )  # a day once, for both names


def test_the_search_box_finds_a_key_by_the_index_of_keys(
    store: Store, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "milliseconds", lambda: (store.last + 1) * MILLISECONDS_A_DAY - 1)
    for words in ("lot:L77", "L77"):
        ask = partial(queries.search_messages, environment="prod", q=words)
        with store.database.read() as tx:
            assert len(ask(tx).items) == 3
        store.check(ask, mode, "environment_value", None)


def test_words_of_a_reason_are_looked_for_among_messages_that_have_one(
    store: Store, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "milliseconds", lambda: (store.last + 1) * MILLISECONDS_A_DAY - 1)
    for words, found in (("UNIT is", 50), ("no such words", 0)):
        ask = partial(queries.search_messages, environment="prod", q=words)
        with store.database.read() as tx:
            assert len(ask(tx).items) == found
        nodes = store.plans(ask, mode)
        read = sum((n["Actual Rows"] + n.get("Rows Removed by Filter", 0)) * n["Actual Loops"] for n in nodes)
        assert read <= DAYS * A_DAY / 50 + 1_000, nodes


def test_what_is_chosen_by_its_time_is_looked_for_in_its_days(store: Store, mode: str) -> None:
    since = store.noon - timedelta(hours=12)
    chosen = Filter(flow="f1", state=("done",), since=since, until=store.noon)
    with store.database.read() as tx:
        assert len(select_messages(tx, "prod", chosen, 10_000)) > 500
    few = Filter(key="lot:L77", since=since, until=store.noon)
    nodes = store.plans(lambda tx: select_messages(tx, "prod", chosen, 10_000), mode)
    dated = {store.suffixes[n["Relation Name"][-8:]] for n in nodes if store._dated(n)}
    assert dated <= {store.last - 1, store.last}
    store.check(lambda tx: select_messages(tx, "prod", few, 100), mode, "", {store.last - 1, store.last})
