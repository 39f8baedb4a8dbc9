"""Breakers: a target that is down costs a few attempts, one probe finds it up again, everything drains in order."""

import threading
import time
from dataclasses import replace

import pytest

from app.runtime.breakers import failed
from app.runtime.connections import Connections
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.storage.alerts import alerts
from app.storage.breakers import Breaker, breaker
from app.storage.deliveries import deliveries_table
from app.storage.queries import deliveries
from app.wiring import wire
from connectors.contract import Receipt
from tests.delivering import deliver
from tests.journey import ENVIRONMENT, Answer, Target, bind, deliver_all, drain_all, order
from tests.servers import Valkey

ALL = set(range(256))
PLACE = (ENVIRONMENT, "erp.order")
SLOW = {"breaker_failures": 3, "breaker_cool_down": 0.3, "breaker_cool_down_cap": 0.6}
LONG = {"breaker_failures": 3, "breaker_cool_down": 3600}


@pytest.fixture
def guarded(installation: Installation, target: Target) -> Installation:
    bind(installation, "erp.order", target.url, control=LONG)
    return installation


def send(installation: Installation, count: int, lots: int = 10, start: int = 0) -> None:
    for n in range(start, start + count):
        accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n % lots}"))
    drain_all(installation)


def now_standing(installation: Installation) -> Breaker | None:
    with installation.database.read() as tx:
        return breaker(tx, *PLACE)


def texts(installation: Installation) -> list[str]:
    with installation.database.read() as tx:
        return [a["text"] for a in reversed(alerts(tx, ENVIRONMENT)) if a["rule"].startswith("breaker/")]


def states(installation: Installation) -> dict[str, int]:
    with installation.database.read() as tx:
        found: dict[str, int] = {}
        for row in tx.execute(deliveries_table.select()).mappings():
            found[row["state"]] = found.get(row["state"], 0) + 1
        return found


def probe_now(installation: Installation) -> None:
    """The cool-down is over."""
    with installation.database.begin() as tx:
        tx.exec_driver_sql(
            "update breakers set probe_at = '2020-01-01 00:00:00.000000' where probe_at is not null"
        )


@pytest.mark.parametrize(
    ("receipt", "counts"),
    [
        (Receipt("retry", "not connected", None, "transport"), True),
        (Receipt("uncertain", "no answer", None, "transport"), True),
        (Receipt("retry", "", 500, "application"), True),
        (Receipt("retry", "", 503, "transport"), True),
        (Receipt("retry", "", 429, "transport"), False),
        (Receipt("retry", "an error body", 200, "application"), False),
        (Receipt("refused", "", 422, "partner"), False),
        (Receipt("delivered", "", 200), False),
    ],
)
def test_what_counts_as_a_failure(receipt: Receipt, counts: bool) -> None:
    assert failed(receipt) is counts


def test_it_opens_after_failures_in_a_row_and_the_rest_waits_without_attempts(
    guarded: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(503)
    send(guarded, 30)
    deliver_all(guarded)
    found = now_standing(guarded)
    assert found is not None and found.state == "open" and len(target.arrivals) == 3
    assert states(guarded) == {"retry": 3, "pending": 27}
    assert deliver_all(guarded) == 0 and len(target.arrivals) == 3


def test_what_waits_says_why(guarded: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503, body=b"maintenance")
    send(guarded, 4)
    deliver_all(guarded)
    with guarded.database.read() as tx:
        assert {item["waiting"] for item in deliveries(tx, ENVIRONMENT).items} == {
            "the breaker of erp.order is open: HTTP 503: maintenance"
        }


def test_one_alert_tells_since_when_what_waits_and_what_to_do(guarded: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503)
    send(guarded, 30)
    deliver_all(guarded)
    (text,) = texts(guarded)
    assert text.startswith("erp.order in test does not work since 2")
    assert "30 deliveries in 10 lanes wait" in text and "Nothing is lost" in text


def test_refusals_never_open_it(guarded: Installation, target: Target) -> None:
    target.script = lambda number: Answer(422)
    send(guarded, 10)
    deliver_all(guarded)
    assert states(guarded) == {"dead": 10} and now_standing(guarded) is None


def test_a_ratio_of_failures_opens_it(installation: Installation, target: Target) -> None:
    control = {
        "breaker_failures": 100,
        "breaker_ratio": 0.4,
        "breaker_minimum": 10,
        "breaker_cool_down": 3600,
    }
    bind(installation, "erp.order", target.url, control=control)
    target.script = lambda number: Answer(503 if number % 2 else 200)
    send(installation, 40, lots=40)
    deliver_all(installation)
    found = now_standing(installation)
    assert found is not None and found.state == "open" and 10 <= len(target.arrivals) <= 12


def test_another_connection_goes_on(guarded: Installation, target: Target) -> None:
    bind(guarded, "erp.once", target.url)
    target.script = lambda number: Answer(503 if number <= 3 else 200)
    send(guarded, 10)
    deliver_all(guarded)
    accept(guarded, ENVIRONMENT, "shop.order", order(99, mode="once"))
    drain_all(guarded)
    assert deliver_all(guarded) == 1 and target.effects[-1].body["n"] == 99


def test_a_probe_that_is_answered_closes_it_and_everything_leaves_in_order(
    guarded: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(503 if number <= 3 else 200)
    send(guarded, 30, lots=3)
    deliver_all(guarded)
    probe_now(guarded)
    deliver_all(guarded)
    found = now_standing(guarded)
    assert found is not None and found.state == "closed" and states(guarded) == {"delivered": 30}
    for lot in range(3):
        assert target.numbers(f"L{lot}") == list(range(lot, 30, 3))
    _, closed = texts(guarded)
    assert closed.startswith(
        "erp.order in test works again after 1 minute; 30 deliveries leave now, in order."
    )
    assert target.repeats == 0


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_cap(
    installation: Installation, target: Target
) -> None:
    bind(installation, "erp.order", target.url, control={**LONG, "breaker_cool_down_cap": 10_000})
    target.script = lambda number: Answer(503)
    send(installation, 10)
    deliver_all(installation)
    seen = []
    for _ in range(3):
        probe_now(installation)
        assert deliver_all(installation) == 1
        found = now_standing(installation)
        assert found is not None and found.state == "open"
        seen.append(found.cool_down)
    assert seen == [7_200, 10_000, 10_000] and len(texts(installation)) == 1


def test_a_probe_that_nobody_answers_does_not_use_up_the_attempts(
    guarded: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(503)
    send(guarded, 1)
    process = Connections(guarded)  # which counts its failures
    for _ in range(guarded.settings.retry_attempts + 10):
        time.sleep(0.01)
        probe_now(guarded)
        deliver(guarded, ALL, connections=process)
    assert states(guarded) == {"retry": 1}


def test_exactly_one_worker_takes_the_probe(guarded: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503, seconds=0.3 if number > 3 else 0)
    send(guarded, 30, lots=30)
    deliver_all(guarded)
    probe_now(guarded)
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(deliver(guarded, ALL, connections=Connections(guarded))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1 and len(target.arrivals) == 4


def test_a_worker_that_died_with_the_probe_leaves_it_to_the_next(
    guarded: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(503 if number <= 3 else 200)
    send(guarded, 10)
    deliver_all(guarded)
    with guarded.database.begin() as tx:
        tx.exec_driver_sql("update breakers set state = 'half_open', prober = 'dead'")
    assert deliver_all(guarded) == 0
    probe_now(guarded)
    deliver_all(guarded)
    assert states(guarded) == {"delivered": 10}


def test_flapping_raises_no_storm_of_alerts(installation: Installation, target: Target) -> None:
    bind(installation, "erp.order", target.url, control={"breaker_failures": 2, "breaker_cool_down": 0.001})
    target.script = lambda number: Answer(503 if number % 3 else 200)
    send(installation, 40, lots=40)
    end = time.monotonic() + 20
    while states(installation).get("delivered", 0) < 40 and time.monotonic() < end:
        deliver_all(installation)
        probe_now(installation)
    found = now_standing(installation)
    assert found is not None and found.times_opened > 5 and len(texts(installation)) == 2


def test_a_retry_after_slows_the_connection_not_only_that_delivery(
    guarded: Installation, target: Target
) -> None:
    target.script = lambda number: Answer(429, {"Retry-After": "120"})
    send(guarded, 20, lots=20)
    assert deliver_all(guarded) == 1 and states(guarded) == {"retry": 1, "pending": 19}
    with guarded.database.begin() as tx:
        tx.exec_driver_sql("update breakers set slow_until = '2020-01-01 00:00:00.000000'")
    target.script = lambda number: Answer(200)
    assert deliver_all(guarded) == 19 and states(guarded) == {"retry": 1, "delivered": 19}


def test_failures_of_several_processes_count_together(
    guarded: Installation, target: Target, valkey: Valkey
) -> None:
    others = [_process(guarded, valkey) for _ in range(3)]
    target.script = lambda number: Answer(503)
    send(guarded, 12, lots=12)
    tried = 0
    for other in others:
        tried += deliver(other, ALL, stop=lambda before=tried: len(target.arrivals) > before)
        other.close()
    found = now_standing(guarded)
    assert tried == 3 and found is not None and found.state == "open"


def test_without_redis_each_process_counts_for_itself(
    guarded: Installation, target: Target, valkey: Valkey
) -> None:
    other = _process(guarded, valkey)
    valkey.kill()
    target.script = lambda number: Answer(503)
    send(guarded, 12, lots=12)
    deliver_all(other)
    found = now_standing(guarded)
    assert found is not None and found.state == "open" and len(target.arrivals) == 3
    other.close()


def _process(installation: Installation, valkey: Valkey) -> Installation:
    return wire(replace(installation.settings, redis_url=valkey.url))
