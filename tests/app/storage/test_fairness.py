"""A noisy flow does not starve the others, what is urgent goes first, and a claim stays cheap."""

from collections import Counter

import pytest
from sqlalchemy import event, text

from app.storage.claims import ClaimedLane, claim, release
from app.storage.claims import Release as Left
from app.storage.database import Database, now
from app.storage.due import Due, due_flows, due_partitions
from app.storage.lanes import LaneKey, Touch, touch
from app.storage.sharing import Shares

ALL = range(256)


def key(flow: str, order: int, endpoint: str = "") -> LaneKey:
    return LaneKey("inbox", "prod", "quality", flow, endpoint, str(order), True)


def ready(database: Database, **lanes: int) -> None:
    """So many ready lanes of each flow, those named first being the older ones."""
    for flow, count in lanes.items():
        with database.begin() as tx:
            touch(tx, [Touch(key(flow, number), 1, True) for number in range(count)])


def claimed(database: Database, limit: int = 50, shares: Shares | None = None) -> list[ClaimedLane]:
    with database.begin() as tx:
        return claim(tx, "inbox", ALL, "worker", 30, limit, shares=shares or Shares())


def flows(lanes: list[ClaimedLane]) -> Counter[str]:
    return Counter(lane.flow for lane in lanes)


def urgent(*names: str) -> list[tuple[str, str, str]]:
    return [("prod", "quality", name) for name in names]


def test_a_quiet_flow_is_served_though_a_noisy_one_came_first(database: Database) -> None:
    ready(database, noisy=200, quiet=3)
    assert flows(claimed(database)) == {"noisy": 47, "quiet": 3}


def test_two_busy_flows_share_by_weight(database: Database) -> None:
    ready(database, light=100, heavy=100)
    lanes = claimed(database, 40, Shares({("prod", "quality", "heavy"): 3}))
    assert flows(lanes) == {"light": 10, "heavy": 30}


def test_one_flow_alone_has_every_place(database: Database) -> None:
    ready(database, only=60)
    assert flows(claimed(database)) == {"only": 50}


def test_what_is_urgent_comes_first_and_leaves_a_fifth_to_the_others(database: Database) -> None:
    ready(database, noisy=100, hold=100)
    lanes = claimed(database, 50, Shares(urgent=urgent("hold")))
    assert flows(lanes) == {"hold": 40, "noisy": 10}
    assert {lane.flow for lane in lanes[:40]} == {"hold"}


def test_what_is_urgent_takes_what_nobody_else_wants(database: Database) -> None:
    ready(database, hold=100, quiet=2)
    assert flows(claimed(database, 50, Shares(urgent=urgent("hold")))) == {"hold": 48, "quiet": 2}


def test_one_place_alone_is_for_what_is_urgent(database: Database) -> None:
    ready(database, noisy=5, hold=1)
    assert flows(claimed(database, 1, Shares(urgent=urgent("hold")))) == {"hold": 1}


def test_a_sender_kept_free_takes_only_what_is_urgent(database: Database) -> None:
    ready(database, noisy=5, hold=2)
    assert flows(claimed(database, 50, Shares(urgent=urgent("hold"), only_urgent=True))) == {"hold": 2}


def test_a_crowded_endpoint_does_not_hold_back_what_is_urgent(database: Database) -> None:
    with database.begin() as tx:
        touch(tx, [Touch(key(flow, 1, "erp"), 1, True) for flow in ("news", "hold")])
        lanes = claim(
            tx,
            "inbox",
            ALL,
            "worker",
            30,
            without_endpoints=[("prod", "erp")],
            shares=Shares(urgent=urgent("hold")),
        )
    assert flows(lanes) == {"hold": 1}


def test_the_oldest_lanes_of_a_flow_are_first(database: Database) -> None:
    for number in range(6):
        with database.begin() as tx:
            touch(tx, [Touch(key("orders", number), 1, True)])
    assert {lane.order_key for lane in claimed(database, 3)} == {"0", "1", "2"}


def test_many_flows_take_turns_at_few_places(database: Database) -> None:
    ready(database, **{f"flow{number}": 40 for number in range(10)})
    served: Counter[str] = Counter()
    for _ in range(60):
        served += flows(claimed(database, 4))
    assert len(served) == 10 and min(served.values()) >= 8


def test_a_leased_or_blocked_lane_is_not_due(database: Database) -> None:
    ready(database, orders=3)
    first, second = claimed(database, 2)
    with database.begin() as tx:
        release(tx, [Left(second, 0, True, now(tx), blocked_by="m1")])
        assert due_flows(tx, "inbox", ALL, 50) == [Due("prod", "quality", "orders", "", 1)]
        assert len(due_partitions(tx, "inbox")) == 1
    assert first.fence == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_workers_claim_different_lanes(database: Database) -> None:
    ready(database, noisy=80, quiet=4)
    with database.begin() as one, database.begin() as other:
        first = claim(one, "inbox", ALL, "one", 30, 40)
        second = claim(other, "inbox", ALL, "other", 30, 40)
    assert not {lane.id for lane in first} & {lane.id for lane in second}
    assert len(first) + len(second) >= 60


def test_only_partitions_that_were_asked_for_are_claimed(database: Database) -> None:
    ready(database, orders=50)
    with database.begin() as tx:
        lanes = claim(tx, "inbox", range(128), "worker", 30, 50)
    assert lanes and all(lane.partition < 128 for lane in lanes)


_LANES = """
insert into lanes (partition, id, kind, environment, ruleset, flow, endpoint, order_key, ordered, ready, next_at,
                   fence, last_seq, head_seq, claims, parked)
select n % 256, lpad(to_hex(n % 256), 2, '0') || md5(n::text) || '000000', 'inbox', 'prod', 'quality',
       case when n % 1000 = 0 then 'flow' || (n / 1000) % 20 else 'noisy' end, '', n::text, true, true,
       now() - interval '1 hour', 0, 1, 0, 0, ''
from generate_series(1, 100000) n
"""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_a_claim_among_100_000_lanes_reads_few_of_them(database: Database, mode: str) -> None:
    with database.begin() as tx:
        tx.execute(text(_LANES))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze lanes"))
    claimed(database)
    assert _blocks_read(database, mode) < 2_500  # a scan of the table alone is 1,800 for each flow


def _blocks_read(database: Database, mode: str) -> int:
    """Pages that the queries of one claim touch, by EXPLAIN; a sequential scan among them is a failure."""
    said: list[tuple[str, object]] = []

    def listen(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    claimed(database)
    event.remove(database.engine, "before_cursor_execute", listen)
    with database.begin() as tx:
        tx.execute(text(f"set local plan_cache_mode = {mode}"))
        connection = tx.connection.driver_connection
        assert connection is not None
        plans = [
            connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters).fetchone()[
                0
            ][0]
            for statement, parameters in said
            if "lanes" in statement
        ]
    assert "Seq Scan" not in str(plans)
    return sum(int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]) for plan in plans)
