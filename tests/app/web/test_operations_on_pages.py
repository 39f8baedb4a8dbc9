"""What operations have to see is on the home page: groups that nobody serves, messages that are late."""

from datetime import timedelta
from typing import Any

from app.runtime.groups import assign_group
from app.runtime.intake import accept
from app.storage.database import now
from app.storage.groups import Assignment
from app.storage.timers import Timer, add_timers, timer_id

BODY = b'{"number": "7", "priority": "1", "quantity": "3"}'


def test_home_names_the_group_that_nobody_serves_and_how_to_serve_it(site: Any) -> None:
    accept(site.installation, "dev", "shop.orders", BODY)
    with site.installation.database.begin() as tx:
        assign_group(tx, Assignment("dev", group="quality"), "adm")
    page = site.visitor("olga").client.get("/").text
    assert "No worker serves the group <strong>quality</strong>: 1 lane waits" in page
    assert "mapwright worker --groups quality" in page


def test_a_late_message_is_marked_in_lists_on_its_page_and_at_home(site: Any) -> None:
    (accepted,) = accept(site.installation, "dev", "shop.orders", BODY)
    with site.installation.database.begin() as tx:
        at = now(tx)
        late = Timer(
            id=timer_id(accepted.message_id, "late"),
            kind="late",
            state="fired",
            match=accepted.message_id,
            due_at=at,
            deadline=at - timedelta(minutes=1),
            environment="dev",
            ruleset="orders",
            release_id="",
            flow="orders",
            event="sla",
            key="",
            order_key=None,
            message_id=accepted.message_id,
            correlation_id="",
            hops=0,
            rules="",
            rule="",
            ordinal=0,
            created_at=at,
            updated_at=at,
        )
        add_timers(tx, [late])
    olga = site.visitor("olga").client
    assert "Not done in time:" in olga.get("/").text
    for path in ("/messages", f"/messages/{accepted.message_id}"):
        assert "was due" in olga.get(path).text
