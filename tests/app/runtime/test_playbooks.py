"""What a playbook says is done: how long to retry, who hears of it, the fallback, what waits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.runtime import overdue
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.overdue import Overdue
from app.runtime.processing import drain
from app.runtime.switching import pause, resume
from app.storage.alerts import alerts
from app.storage.claims import claim_these, give_back
from app.storage.deliveries import Delivery, deliveries_table, of_message
from app.storage.lanes import lanes_table
from app.storage.messages import message
from tests.delivering import deliver
from tests.faults.checker import check
from tests.journey import ENVIRONMENT, Answer, Target, bind, deploy, journey_files, order

FLOW = """
flow kept
  receive shop.kept as o : shop.order "v1"
  owner "tests"
  order by o.lot
  map with to_order
  apply dispatch
  on failure playbook "{name}"
end
"""
PLAYBOOKS = b"""\
playbook "spare"
  runbook "docs/spare.md"
  on transport retry for 1 hours then fallback erp.once, erp.order alert operations "the ERP is away"
  on application block alert operations "the ERP refuses it"
  on partner_data hold alert quality "look at the data"
end

playbook "letters"
  on partner_data dead_letter
end
"""


def house_with(installation: Installation, playbook: str) -> None:
    files = journey_files() | {"flows/playbooks.mw": PLAYBOOKS}
    text = files["flows/orders.mw"].decode()
    start = text.index("flow kept")
    end = text.index("end\n", start) + 4
    files["flows/orders.mw"] = (text[:start] + FLOW.format(name=playbook).lstrip() + text[end:]).encode()
    deploy(installation, files)


@pytest.fixture
def house(installation: Installation, target: Target) -> Iterator[Installation]:
    """The flow `kept` with the playbook `spare`; both endpoints lead to the target."""
    house_with(installation, "spare")
    for endpoint in ("erp.order", "erp.once"):
        bind(installation, endpoint, target.url)
    yield installation
    check(installation.database)


def send(house: Installation, body: bytes | None = None) -> str:
    (accepted,) = accept(house, ENVIRONMENT, "shop.kept", body or order(1))
    drain(house, range(256))
    return accepted.message_id


def try_to_send(house: Installation, later: timedelta = timedelta()) -> None:
    """One round of attempts, so much later."""
    with house.database.begin() as tx:
        for row in tx.execute(deliveries_table.select()).mappings().all():
            older = {"next_at": row["next_at"] - later, "created_at": row["created_at"] - later}
            tx.execute(update(deliveries_table).where(deliveries_table.c.id == row["id"]).values(older))
        for row in tx.execute(lanes_table.select()).mappings().all():
            here = (lanes_table.c.partition == row["partition"]) & (lanes_table.c.id == row["id"])
            tx.execute(update(lanes_table).where(here).values(next_at=row["next_at"] - later))
    deliver(house, range(256))


def sent_by(house: Installation, id: str) -> dict[str, Delivery]:
    with house.database.read() as tx:
        return {d.endpoint: d for d in of_message(tx, id)}


def alert_texts(house: Installation) -> list[str]:
    with house.database.read() as tx:
        found = [a for a in alerts(tx, ENVIRONMENT) if not a["rule"].startswith("breaker/")]
    return [f"{a['channel']}: {a['text']}" for a in found]


def test_it_retries_as_long_as_the_playbook_says_and_no_longer(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503)
    id = send(house)
    try_to_send(house)
    assert sent_by(house, id)["erp.order"].state == "retry"
    try_to_send(house, timedelta(hours=2))
    assert sent_by(house, id)["erp.order"].state == "dead"


def test_what_is_given_up_goes_through_the_fallback_once(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503)
    id = send(house)
    try_to_send(house)
    try_to_send(house, timedelta(hours=2))
    target.script = lambda number: Answer()
    try_to_send(house, timedelta(hours=3))
    found = sent_by(house, id)
    assert {name: d.state for name, d in found.items()} == {"erp.order": "dead", "erp.once": "delivered"}
    assert len(target.effects) == 1


def test_one_alert_with_the_runbook_tells_of_it(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(503)
    send(house)
    try_to_send(house)
    assert alert_texts(house) == []
    try_to_send(house, timedelta(hours=2))
    assert alert_texts(house)[-1] == "operations: the ERP is away (docs/spare.md)"


def test_a_reaction_that_blocks_keeps_the_lane_for_a_person(house: Installation, target: Target) -> None:
    target.script = lambda number: Answer(404)
    id = send(house)
    try_to_send(house)
    dead = sent_by(house, id)["erp.order"]
    with house.database.read() as tx:
        lane = tx.execute(lanes_table.select().where(lanes_table.c.id == dead.lane)).mappings().one()
    assert (dead.state, lane["blocked_by"]) == ("dead", dead.id)


def test_a_message_that_does_not_fit_is_held_and_somebody_hears_of_it(house: Installation) -> None:
    id = send(house, b'{"id": "x", "n": 1}')
    with house.database.read() as tx:
        assert message(tx, id).state == "held"
    assert [text.partition(" (")[0] for text in alert_texts(house)] == ["quality: look at the data"]


def test_a_playbook_can_make_it_a_dead_letter(house: Installation) -> None:
    house_with(house, "letters")
    id = send(house, b'{"id": "x", "n": 1}')
    with house.database.read() as tx:
        assert message(tx, id).state == "dead"


def stopped_for(house: Installation, target: Target, later: timedelta, count: int = 5) -> list[str]:
    """An outage: the breaker opens at the first failures, the others wait behind it, so much later now."""
    bind(house, "erp.order", target.url, control={"breaker_failures": 2, "breaker_cool_down": 7_200})
    target.script = lambda number: Answer(503)
    ids = [send(house, order(n, f"L{n % 2}")) for n in range(count)]
    for _ in range(3):
        try_to_send(house)
    assert len(target.arrivals) < count, "the breaker is open, not all were tried"
    target.script = lambda number: Answer()
    with house.database.begin() as tx:
        for row in tx.execute(deliveries_table.select()).mappings().all():
            older = {"created_at": row["created_at"] - later}
            tx.execute(update(deliveries_table).where(deliveries_table.c.id == row["id"]).values(older))
    return ids


def test_all_that_wait_behind_an_open_breaker_fall_back_when_their_time_is_over(
    house: Installation, target: Target
) -> None:
    ids = stopped_for(house, target, timedelta(hours=2))
    tried = len(target.arrivals)
    assert Overdue(house, "clock").give_up() == len(ids)
    for _ in range(3):
        deliver(house, range(256))
    for id in ids:
        found = {name: d.state for name, d in sent_by(house, id).items()}
        assert found == {"erp.order": "dead", "erp.once": "delivered"}
    assert len(target.arrivals) == tried + len(ids), "each once, through the fallback alone"
    numbers = [(a.body["lot"], a.body["n"]) for a in target.effects]
    for lot in ("L0", "L1"):
        mine = [n for name, n in numbers if name == lot]
        assert mine == sorted(mine)
    check(house.database, len(ids), target=target)


def test_one_alert_tells_of_all_that_fall_back(house: Installation, target: Target) -> None:
    stopped_for(house, target, timedelta(hours=2))
    overdue = Overdue(house, "clock")
    overdue.give_up()
    overdue.give_up()
    assert alert_texts(house).count("operations: the ERP is away (docs/spare.md)") == 1


def test_what_has_time_left_waits_behind_the_breaker(house: Installation, target: Target) -> None:
    ids = stopped_for(house, target, timedelta(minutes=59))
    assert Overdue(house, "clock").give_up() == 0
    assert all(sent_by(house, id)["erp.order"].state in ("pending", "retry") for id in ids)


def test_what_a_person_paused_is_not_given_up(house: Installation, target: Target) -> None:
    stopped_for(house, target, timedelta(hours=2))
    pause(house, ENVIRONMENT, "erp.order", by="olga", reason="update")
    assert Overdue(house, "clock").give_up() == 0
    resume(house, ENVIRONMENT, "erp.order", by="olga", reason="done")
    assert Overdue(house, "clock").give_up() > 0


def test_a_lane_that_the_probe_has_is_looked_at_later(house: Installation, target: Target) -> None:
    stopped_for(house, target, timedelta(hours=2), count=4)
    with house.database.begin() as tx:
        lanes = [
            row.id
            for row in tx.execute(select(lanes_table.c.id).where(lanes_table.c.endpoint == "erp.order"))
        ]
        (mine,) = claim_these(tx, lanes[:1], "worker", 30)
    given = Overdue(house, "clock").give_up()
    with house.database.begin() as tx:
        give_back(tx, [mine])
    assert given and given + Overdue(house, "clock").give_up() == 4


def test_lanes_that_have_to_wait_take_no_turn_from_the_others(
    house: Installation, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue, "_LANES", 1)
    stopped_for(house, target, timedelta(hours=2), count=4)
    c = deliveries_table.c
    with house.database.begin() as tx:
        first = tx.execute(select(c.id).where(c.endpoint == "erp.order").order_by(c.lane, c.seq)).scalars()
        tx.execute(update(deliveries_table).where(c.id == first.all()[0]).values(forgiven=1))
    looks = Overdue(house, "clock")
    assert sum(looks.give_up() for _ in range(4)) == 2, "both of the other lane"
