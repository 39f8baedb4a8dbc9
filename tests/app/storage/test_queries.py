"""What pages and the API read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, event

from app.storage.bodies import Body, new_bodies
from app.storage.database import Database
from app.storage.lanes import LaneKey, Touch, touch
from app.storage.messages import Message, new_messages
from app.storage.queries import Page, counts, deliveries, message_view, search_messages
from app.storage.rows import write_together

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)


def message_id(n: int) -> str:
    """One a minute, or one a day for those that a page reaches by looking further back."""
    moment = AT + timedelta(minutes=n)
    return f"07{int(moment.timestamp() * 1000):012x}{n:018x}"


@pytest.fixture
def stored(database: Database) -> Database:
    """Twelve messages of two lots, one a minute, every fourth dead."""
    with database.begin() as tx:
        bodies = [Body(message_id(0), b"raw", "h", "text/plain", {"a": "b"}, AT)]
        write_together(tx, [new_bodies(bodies), *new_messages([_message(n) for n in range(12)])])
        touch(tx, [Touch(LaneKey("inbox", "test", "r", flow, "", "L", True)) for flow in ("f1", "f2")])
    return database


def _message(n: int) -> Message:
    return Message(
        id=message_id(n),
        lane="07l",
        seq=n + 1,
        state="dead" if n % 4 == 0 else "done",
        environment="test" if n < 11 else "prod",
        endpoint="a.b",
        ruleset="r",
        flow="f1" if n % 2 else "f2",
        release_id="x",
        correlation_id=f"c{n}",
        body_id=message_id(0),
        received_at=AT + timedelta(minutes=n),
        updated_at=AT + timedelta(minutes=n),
        reason="100% wrong" if n == 4 else "other",
        keys={"lot": f"L{n % 3}", "order": f"o{n}"},
    )


def ids(database: Database, **search: object) -> list[str]:
    with database.read() as tx:
        return [item["id"] for item in search_messages(tx, "test", **search).items]  # type: ignore[arg-type]


def _looks(database: Database, ask: Callable[[Connection], Page], table: str) -> tuple[int, int]:
    """How many items are found, and how often a table is looked into for them."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    with database.read() as tx:
        event.listen(tx, "before_cursor_execute", listen)
        found = ask(tx)
        event.remove(tx, "before_cursor_execute", listen)
    return len(found.items), sum(f"FROM {table}" in statement for statement in said)


def test_of_a_flow_that_never_had_a_message_only_the_last_days_are_looked_into(stored: Database) -> None:
    of_flow = partial(search_messages, environment="test", flow="f1")
    assert _looks(stored, lambda tx: of_flow(tx), "messages") == (5, 4), "long ago, and found all the same"
    assert _looks(stored, lambda tx: of_flow(tx, flow="f3"), "messages") == (0, 1)
    assert _looks(stored, lambda tx: of_flow(tx, environment="prod"), "messages") == (0, 1)


def test_of_an_endpoint_that_never_had_a_delivery_only_the_last_days_are_looked_into(
    stored: Database,
) -> None:
    with stored.begin() as tx:
        touch(tx, [Touch(LaneKey("outbox", "test", "r", "f1", "erp", "L", True))])
    of_endpoint = partial(deliveries, environment="test")
    assert _looks(stored, lambda tx: of_endpoint(tx, endpoint="erp"), "deliveries") == (0, 4)
    assert _looks(stored, lambda tx: of_endpoint(tx, endpoint="mes"), "deliveries") == (0, 1)


def test_latest_first_and_only_of_the_environment(stored: Database) -> None:
    assert ids(stored) == [message_id(n) for n in range(10, -1, -1)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({"state": "dead"}, [8, 4, 0]),
        ({"state": ["dead"], "flow": "f2"}, [8, 4, 0]),
        ({"flow": "f1"}, [9, 7, 5, 3, 1]),
        ({"endpoint": "x.y"}, []),
        ({"key": "lot:L1"}, [10, 7, 4, 1]),
        ({"key": "L1"}, [10, 7, 4, 1]),
        ({"key": "order:L1"}, []),
        ({"since": AT + timedelta(minutes=9)}, [10, 9]),
        ({"until": AT + timedelta(minutes=2)}, [1, 0]),
        ({"q": "c3"}, [3]),
        ({"q": message_id(5)}, [5]),
        ({"q": "o6"}, [6]),
        ({"q": "order:o6"}, [6]),
        ({"q": "L2", "state": "dead"}, [8]),
        ({"q": "o6", "state": "dead"}, []),
        ({"q": "other", "flow": "f2", "state": "dead"}, [8, 0]),
        ({"q": "100% WRONG"}, [4]),
        ({"q": "1_0% wrong"}, []),
        ({"q": "' or 1=1 --"}, []),
    ],
)
def test_search(stored: Database, search: dict[str, object], found: list[int]) -> None:
    assert ids(stored, **search) == [message_id(n) for n in found]


def test_pages_follow_one_another_without_gap_or_repeat(stored: Database) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        with stored.read() as tx:
            page = search_messages(tx, "test", cursor=cursor, limit=3)
        seen += [item["id"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids(stored)


def test_a_cursor_of_somebody_else_is_refused(stored: Database) -> None:
    with stored.read() as tx, pytest.raises(ValueError, match="cursor"):
        search_messages(tx, "test", cursor="nonsense")


def test_items_carry_their_keys(stored: Database) -> None:
    with stored.read() as tx:
        (item,) = search_messages(tx, "test", q=message_id(5)).items
    assert item["keys"] == {"lot": "L2", "order": "o5"}


def test_a_message_view_shows_the_raw_bytes(stored: Database) -> None:
    with stored.read() as tx:
        view = message_view(tx, message_id(3))
    assert (view["raw"], view["media_type"], view["headers"]) == (b"raw", "text/plain", {"a": "b"})
    assert view["message"]["keys"] == {"lot": "L0", "order": "o3"} and view["deliveries"] == []


def test_a_message_that_is_not_there(stored: Database) -> None:
    with stored.read() as tx, pytest.raises(LookupError):
        message_view(tx, "07nothing")


def test_figures_of_the_home_page(stored: Database) -> None:
    with stored.read() as tx:
        figures = counts(tx, "test")
    assert figures["problems"] == {"dead": 3} and figures["waiting"] == 0 and figures["workers"] == []
