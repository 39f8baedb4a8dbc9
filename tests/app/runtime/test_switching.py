"""What people do with connections: pause, resume, open and close breakers; all of it audited."""

import pytest

from app.errors import NotFound, TransitionRefused
from app.runtime import switching
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.security.audit import verify
from app.storage.audit import latest_rows
from app.storage.outages import connections
from app.storage.queries import counts
from tests.journey import ENVIRONMENT, Answer, Target, bind, deliver_all, drain_all, order

HERE = (ENVIRONMENT, "erp.order")
WHO = {"by": "olga", "reason": "the ERP is updated"}


def send(installation: Installation, count: int = 5) -> None:
    for n in range(count):
        accept(installation, ENVIRONMENT, "shop.order", order(n, f"L{n}"))
    drain_all(installation)


def test_a_paused_connection_says_so_and_goes_on(bound: Installation, target: Target) -> None:
    switching.pause(bound, *HERE, **WHO)
    send(bound)
    assert deliver_all(bound) == 0
    with bound.database.read() as tx:
        assert counts(tx, ENVIRONMENT)["parked"] == {"erp.order is paused in test": 5}
    switching.resume(bound, *HERE, **WHO)
    assert deliver_all(bound) == 5


def test_a_breaker_that_a_person_opened_is_not_probed(bound: Installation, target: Target) -> None:
    switching.open_breaker(bound, *HERE, **WHO)
    send(bound)
    assert deliver_all(bound) == 0 and target.arrivals == []
    with bound.database.read() as tx:
        (found,) = [c for c in connections(tx, ENVIRONMENT) if c["endpoint"] == "erp.order"]
    assert (found["breaker"], found["probe_at"], found["why"]) == ("open", None, "olga: the ERP is updated")
    assert found["waiting"]["deliveries"] == found["waiting"]["lanes"] == 5
    switching.close_breaker(bound, *HERE, **WHO)
    assert deliver_all(bound) == 5


def test_closing_by_hand_sends_what_waits_at_once(bound: Installation, target: Target) -> None:
    bind(bound, "erp.order", target.url, control={"breaker_failures": 2, "breaker_cool_down": 3600})
    target.script = lambda number: Answer(503 if number <= 2 else 200)
    send(bound)
    deliver_all(bound)
    switching.close_breaker(bound, *HERE, **WHO)
    assert deliver_all(bound) == 5 and len(target.effects) == 5


def test_every_step_is_audited(bound: Installation) -> None:
    for step in (switching.pause, switching.resume, switching.open_breaker, switching.close_breaker):
        step(bound, *HERE, **WHO)
    with bound.database.read() as tx:
        told = [(row.what, row.who, row.reason) for row in latest_rows(tx, limit=10)]
        assert verify(tx).ok
    names = ["binding.paused", "binding.paused", "breaker.open", "breaker.close"]
    assert sorted(told) == sorted((name, "olga", "the ERP is updated") for name in names)


def test_a_closed_breaker_cannot_be_closed(bound: Installation) -> None:
    with pytest.raises(TransitionRefused):
        switching.close_breaker(bound, *HERE, **WHO)


def test_an_endpoint_without_a_binding_is_not_found(installation: Installation) -> None:
    for step in (switching.pause, switching.open_breaker):
        with pytest.raises(NotFound):
            step(installation, *HERE, **WHO)
