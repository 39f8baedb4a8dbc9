"""Rates: all workers together keep to what a partner takes; what is over it waits in SQL, untried."""

import threading
import time
from dataclasses import replace

import pytest

from app.runtime.connections import Connections
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.rates import Rates
from app.storage.breakers import breaker
from app.storage.controls import Control, read_control
from app.storage.deliveries import deliveries_table
from app.storage.queries import counts
from app.storage.workers import beat
from app.wiring import wire
from app.worker import Worker
from connectors.errors import SettingsError
from tests.delivering import deliver
from tests.journey import ENVIRONMENT, Target, bind, drain_all, order
from tests.servers import Valkey

ALL = set(range(256))
PLACE = (ENVIRONMENT, "erp.order")


@pytest.fixture
def limited(installation: Installation, target: Target) -> Installation:
    bind(installation, "erp.order", target.url, control={"rate": 20, "burst": 4})
    return installation


def send(installation: Installation, count: int) -> None:
    for n in range(count):
        accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n}"))
    drain_all(installation)


def with_redis(installation: Installation, valkey: Valkey) -> Installation:
    return wire(replace(installation.settings, redis_url=valkey.url))


def control(installation: Installation, **said: float) -> Control:
    return read_control(said, installation.settings)


def test_what_is_over_the_limit_waits_in_sql_and_uses_no_attempt(
    limited: Installation, target: Target, valkey: Valkey
) -> None:
    bind(limited, "erp.order", target.url, control={"rate": 0.2, "burst": 4})
    send(limited, 30)
    with_queue = with_redis(limited, valkey)
    assert 4 <= deliver(with_queue, ALL) < 30
    with limited.database.read() as tx:
        found = breaker(tx, *PLACE)
        rows = tx.execute(deliveries_table.select()).mappings().all()
        reasons = counts(tx, ENVIRONMENT)["parked"]
    assert found is not None and found.state == "closed" and found.slow_until is not None
    assert {row["attempts"] for row in rows if row["state"] == "pending"} == {0}
    assert set(reasons) <= {"erp.order is at its limit of 0.2/s"}
    with_queue.close()


def test_two_workers_keep_to_one_limit(limited: Installation, target: Target, valkey: Valkey) -> None:
    send(limited, 120)
    both = [with_redis(limited, valkey) for _ in range(2)]
    started = time.monotonic()
    threads = [threading.Thread(target=_work, args=(one, started + 2)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for late in target.arrivals:
        until = sum(1 for a in target.arrivals if a.at <= late.at)
        assert until <= 4 + 20 * (late.at - started) + 1
    assert len(target.arrivals) >= 10 and target.repeats == 0
    for one in both:
        one.close()


def _work(installation: Installation, until: float) -> None:
    shop = Connections(installation)
    while time.monotonic() < until:
        deliver(installation, ALL, connections=shop)
        time.sleep(0.01)


def test_a_worker_goes_on_when_the_token_is_due_without_waiting_for_the_sweep(
    installation: Installation, target: Target, valkey: Valkey
) -> None:
    bind(installation, "erp.order", target.url, control={"rate": 10, "burst": 1})
    send(installation, 25)
    worker = Worker(with_redis(installation, valkey))
    thread = threading.Thread(target=worker.run)
    thread.start()
    end = time.monotonic() + 60
    while len(target.effects) < 25 and time.monotonic() < end:
        time.sleep(0.02)
    worker.stop()
    thread.join()
    assert len(target.effects) == 25
    took = target.effects[-1].at - target.effects[0].at
    assert took >= 1.8, (
        "faster than the partner allows"
    )  # 2.5 s; a loaded machine may hear the first ones late
    assert sum(b.at - a.at < 0.05 for a, b in zip(target.effects, target.effects[1:], strict=False)) <= 14


def test_without_redis_each_worker_has_its_share(limited: Installation) -> None:
    said = control(limited, rate=10, burst=10)
    with limited.database.begin() as tx:
        for name in ("one", "two", "three", "four", "five"):
            beat(tx, name, "worker", 0)
    rates = Rates(limited)
    begun = time.monotonic()
    assert rates.take(PLACE, said, 10)[0] == 1, "the first token is there at once"
    time.sleep(1.1)
    granted, seconds = rates.take(PLACE, said, 10)
    assert 2 <= granted <= 2 * (time.monotonic() - begun) and 0 < seconds <= 0.5


def test_a_bucket_holds_no_more_than_its_burst(limited: Installation, valkey: Valkey) -> None:
    queue = with_redis(limited, valkey)
    rates, said = Rates(queue), control(limited, rate=1000, burst=5)
    assert rates.take(PLACE, said, 100)[0] == 5
    time.sleep(0.1)
    assert rates.take(PLACE, said, 100)[0] == 5
    assert rates.take(("other", "erp.order"), said, 3)[0] == 3
    queue.close()


def test_no_rate_is_no_limit(limited: Installation) -> None:
    assert Rates(limited).take(PLACE, control(limited), 1_000_000) == (1_000_000, 0.0)


@pytest.mark.parametrize("said", [{"rate": 0}, {"rate": -1}, {"burst": 0}, {"breaker_ratio": 2}, {"rte": 1}])
def test_limits_that_make_no_sense_are_refused(limited: Installation, said: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        control(limited, **said)
