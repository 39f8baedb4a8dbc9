"""Messages that kill their worker, contradict one another, come in the wrong order or all at once."""

import time

import pytest
from sqlalchemy import select

from app.runtime.intake import accept_lines
from app.runtime.witness import POISON_CLAIMS
from app.storage.messages import messages_table
from tests.faults.checker import check
from tests.faults.plant import Plant, delivered, ended, figures, lines, send, settled, states, wait_for
from tests.faults.sizes import size
from tests.faults.wounds import Wound, wounded
from tests.journey import ENVIRONMENT, deploy, journey_files, order

pytestmark = pytest.mark.faults
BURST, A_BULK = size(50_000, 10_000), 2_500
REVISIONS = {
    "rules/revisions.mw": b"""\
use schema canon.order "v1"
use schema erp.order "v1"

dataset newest : text -> canon.order "v1"

map newer : o in canon.order, last in canon.order? -> canon.order
  on missing reject
  id   = o.id
  lot  = o.lot
  n    = o.n
  mode = if_else(coalesce(last.n, 0) >= o.n, "stale", "newer")
end

rules revisions : o in canon.order
  rule stale
    when o.mode = "stale"
    then ignore "a newer revision was there before"
  end
  rule keep
    when o.mode = "newer"
    then remember newest key o.id = { id: o.id, lot: o.lot, n: o.n }
  end
  rule send
    when o.mode = "newer"
    then send erp.order using to_erp
  end
end
""",
    "flows/revisions.mw": b"""\
use schema shop.order "v1"
use schema canon.order "v1"

flow revisions
  receive shop.revision as o : shop.order "v1"
  owner "tests"
  identify by o.id & "/" & text(o.n)
  order by o.id
  enrich last = recall newest(o.id) on missing skip
  map with to_order as made
  map with newer(made, last)
  apply revisions
end
""",
}
ENDPOINT = b"""
[endpoints."shop.revision"]
direction = "in"
codec = "json"
schema = "shop.order@v1"
"""


def test_a_message_that_kills_its_workers_is_quarantined_and_its_lane_goes_on(plant: Plant) -> None:
    send(plant, 100, lanes=1)
    wound = wounded(Wound("app.runtime.deciding:Decider.decide", holding=", seq=51,"))
    deaths, worker = 0, plant.start(MAPWRIGHT_LEASE_SECONDS="2", **wound)
    end = time.monotonic() + 240
    while len(plant.target.effects) < 99:
        assert time.monotonic() < end, figures(plant.database)
        if not worker.alive:
            deaths, worker = deaths + 1, plant.start(MAPWRIGHT_LEASE_SECONDS="2", **wound)
        time.sleep(0.05)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20)
    found = check(plant.database, 100)
    assert found.messages == {"done": 99, "quarantined": 1} and 2 < deaths < 10
    assert plant.target.numbers("L0") == [n for n in range(100) if n != 50]


def test_a_message_whose_workers_are_killed_from_outside_is_not_blamed(plant: Plant) -> None:
    send(plant, 3, lanes=1)
    wound = wounded(Wound("app.runtime.processing:commit"))
    for _ in range(POISON_CLAIMS):
        worker = plant.start(MAPWRIGHT_REDIS_URL="", **wound)
        assert worker.wait(60) < 0
    plant.start()
    settled(plant, 3)


def test_the_same_id_with_another_body_is_quarantined_and_both_are_visible(plant: Plant) -> None:
    web = plant.serve()
    first, again, other = (lines(web.send(order(1, lot))) for lot in ("L0", "L0", "L1"))
    assert again["duplicate"] is True and again["message_id"] == first["message_id"]
    assert other["state"] == "quarantined" and other["message_id"] != first["message_id"]
    plant.start()
    delivered(plant, 1)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20)
    assert check(plant.database, 2).messages == {"done": 1, "quarantined": 1}
    with plant.database.read() as tx:
        c = messages_table.c
        assert (
            tx.execute(select(c.duplicate_of).where(c.state == "quarantined")).scalar() == first["message_id"]
        )
    assert len(plant.target.effects) == 1


def test_an_older_revision_that_comes_later_changes_nothing(plant: Plant) -> None:
    files = journey_files() | REVISIONS
    files["ruleset.toml"] += ENDPOINT
    deploy(plant.installation, files)
    body = b"\n".join(order(n, "L0", id=f"doc-{d}") for n in (3, 1, 2, 5, 4) for d in range(4))
    plant.start()
    accept_lines(plant.installation, ENVIRONMENT, "shop.revision", body)
    ended(plant, 20)
    delivered(plant, 8)
    wait_for(lambda: states(plant.database) == {"delivered"}, 20)
    assert check(plant.database, 20).messages == {"done": 8, "ignored": 12}
    for d in range(4):
        assert [a.body["n"] for a in plant.target.effects if a.body["id"] == f"doc-{d}"] == [3, 5]


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite: make endurance
def test_a_burst_after_an_outage_is_worked_on_and_lets_live_messages_through(plant: Plant) -> None:
    for first in range(0, BURST, A_BULK):
        body = b"\n".join(_backlog(n) for n in range(first, first + A_BULK))
        taken = accept_lines(plant.installation, ENVIRONMENT, "shop.order", body)
        assert all(line.refused is None for line in taken)
    plant.start()
    for n in range(3):
        send(plant, 1, first=BURST + n)
        delivered(plant, 1 + n, 120)
    ended(plant, BURST + 3, 240)
    delivered(plant, BURST // 1_000 + 3, 60)
    wait_for(lambda: states(plant.database) == {"delivered"}, 30)
    found = check(plant.database, BURST + 3)
    assert found.messages == {"ignored": BURST - BURST // 1_000, "done": BURST // 1_000 + 3}
    for lot in {f"B{k}" for k in range(100)}:
        assert plant.target.numbers(lot) == sorted(plant.target.numbers(lot))


def _backlog(n: int) -> bytes:
    """What a plant hands in after an outage: most of it needs nothing, each thousandth is delivered."""
    return order(n, f"B{n // 1_000 % 100}") if n % 1_000 == 0 else order(n, f"B{n % 100}", mode="ignore")
