"""One trace a journey: from the sender's context through every step to the target."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.runtime.recovery import replay_message
from app.settings import Settings
from app.storage.deliveries import of_message
from app.storage.messages import message
from app.telemetry.tracing import headers_of
from tests.app.telemetry.collector import Collector
from tests.delivering import deliver
from tests.journey import ENVIRONMENT, Answer, Target, bind, install, order

ALL = range(256)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDER = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


@pytest.fixture
def target() -> Iterator[Target]:
    opened = Target()
    yield opened
    opened.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=database_url, retry_base=0.01, retry_cap=0.01)


def opened(settings: Settings, target: Target) -> Installation:
    installation = install(settings)
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    return installation


def taken(installation: Installation, number: int = 1, trace: str = SENDER, **more: object) -> str:
    headers = {"traceparent": trace} if trace else {}
    (made,) = accept(installation, ENVIRONMENT, "shop.order", order(number, **more), headers=headers)
    return made.message_id


def test_a_journey_is_one_trace_of_steps_below_one_another(
    settings: Settings, collector: Collector, target: Target
) -> None:
    installation = opened(replace(settings, otlp_endpoint=collector.url, otlp_headers="x-key=k1"), target)
    id = taken(installation)
    drain(installation, ALL)
    deliver(installation, ALL)
    installation.close()
    decided, attempt, received = collector.wait(3)
    assert [span.name for span in (received, decided, attempt)] == [
        "take in",
        "decide orders",
        "deliver erp.order",
    ]
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert (received.parent, decided.parent, attempt.parent) == (
        SENDER[36:52],
        received.span_id,
        decided.span_id,
    )
    assert received.about["mapwright.message"] == decided.about["mapwright.message"] == id
    assert (decided.about["mapwright.state"], attempt.about["mapwright.result"]) == ("done", "delivered")
    assert target.arrivals[0].headers["traceparent"] == f"00-{TRACE}-{attempt.span_id}-01"
    assert collector.headers[0]["x-key"] == "k1"


def test_no_byte_of_a_body_is_in_a_span(settings: Settings, collector: Collector, target: Target) -> None:
    installation = opened(replace(settings, otlp_endpoint=collector.url), target)
    taken(installation, lot="SECRET-LOT-77")
    drain(installation, ALL)
    deliver(installation, ALL)
    installation.close()
    assert "SECRET-LOT-77" not in repr(collector.wait(3))


def test_a_failed_attempt_is_a_failed_step_and_the_next_one_a_step_of_its_own(
    settings: Settings, collector: Collector, target: Target
) -> None:
    target.script = lambda number: Answer(503 if number == 1 else 200)
    installation = opened(replace(settings, otlp_endpoint=collector.url), target)
    taken(installation)
    drain(installation, ALL)
    while len(target.arrivals) < 2:
        deliver(installation, ALL)
    installation.close()
    attempts = [span for span in collector.wait(4) if span.name == "deliver erp.order"]
    assert sorted(span.failed for span in attempts) == [False, True]
    assert len({span.span_id for span in attempts}) == 2 and len({span.parent for span in attempts}) == 1


def test_what_is_replayed_belongs_to_the_trace_of_its_origin(settings: Settings, target: Target) -> None:
    installation = opened(settings, target)
    (child,) = replay_message(installation, taken(installation), by="olga", reason="again")
    with installation.database.read() as tx:
        assert message(tx, child.message_id).trace == SENDER
    installation.close()


def test_without_a_collector_the_senders_context_reaches_the_target_all_the_same(
    settings: Settings, target: Target
) -> None:
    installation = opened(settings, target)
    taken(installation)
    drain(installation, ALL)
    deliver(installation, ALL)
    assert target.arrivals[0].headers["traceparent"] == SENDER
    installation.close()


def test_a_sender_without_a_context_gets_one_for_the_whole_journey(
    settings: Settings, target: Target
) -> None:
    installation = opened(settings, target)
    id = taken(installation, trace="")
    drain(installation, ALL)
    deliver(installation, ALL)
    with installation.database.read() as tx:
        kept, (sent,) = message(tx, id).trace, of_message(tx, id)
    assert len(kept) == 55 and kept == sent.trace == target.arrivals[0].headers["traceparent"]
    installation.close()


def test_a_sender_who_does_not_sample_is_not_traced(
    settings: Settings, collector: Collector, target: Target
) -> None:
    installation = opened(replace(settings, otlp_endpoint=collector.url), target)
    taken(installation, trace=SENDER[:-2].replace(TRACE, "f" * 32) + "00")
    taken(installation, 2, SENDER)
    drain(installation, ALL)
    installation.close()
    assert len(collector.wait(2)) == 2
    assert {span.trace_id for span in collector.spans} == {TRACE}


def test_a_collector_that_is_away_changes_nothing_for_a_message(settings: Settings, target: Target) -> None:
    installation = opened(replace(settings, otlp_endpoint="http://127.0.0.1:9"), target)
    taken(installation)
    drain(installation, ALL)
    deliver(installation, ALL)
    assert len(target.effects) == 1
    installation.close()


def test_headers_for_the_collector_are_read_as_its_standard_writes_them() -> None:
    assert headers_of("api-key=a=b, x-team = quality,,nonsense") == {"api-key": "a=b", "x-team": "quality"}
