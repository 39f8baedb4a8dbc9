"""What people and programs look at, in the full store: median and worst twentieth."""

import base64
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from app.runtime.installation import Installation
from app.runtime.problem_groups import shown_groups
from app.storage import queries
from app.storage.due import due_partitions
from app.storage.figures import figures
from app.storage.lane_list import list_lanes
from app.storage.outages import connections
from app.storage.selecting import Filter, select_messages
from app.storage.timers import due
from benchmarks.scale.filling import FIRST, Size
from tests.journey import ENVIRONMENT

TIMES = 40
GOAL = 0.05
"""Seconds."""
Look = Callable[[Connection], Any]


def looks(installation: Installation, size: Size) -> Mapping[str, Look]:
    """What is looked at, each time with another key."""
    chance = random.Random(7)

    def number() -> int:
        return FIRST + chance.randrange(size.messages)

    def search(**asked: Any) -> Look:
        return lambda tx: queries.search_messages(
            tx, ENVIRONMENT, **{name: value() if callable(value) else value for name, value in asked.items()}
        )

    with installation.database.read() as tx:
        moment = queries.now(tx)
    hour = moment - timedelta(days=size.days * 2 // 3)
    ids = _ids(installation, size)
    until = hour + timedelta(hours=1)
    return {
        "search by a unique key": search(key=lambda: f"order:order-{number()}"),
        "search by a lot": search(key=lambda: f"lot:L{chance.randrange(size.lots)}"),
        "search by a value of any key": search(key=lambda: f"order-{number()}"),
        "search by a key that nobody has": search(key="order:nobody"),
        "search by a word": search(q=lambda: f"order-{number()}"),
        "search by words of a reason": search(q="no such words"),
        "messages by flow and state": search(flow="orders", state="held"),
        "messages of a flow without any": search(flow="batches"),
        "messages of an hour long ago": search(since=hour, until=until),
        "first page of messages": search(),
        "page in the middle": search(cursor=lambda: _cursor(ids[0])),
        "page at the end": search(cursor=lambda: _cursor(ids[1])),
        "problem messages": search(state=queries.PROBLEM_STATES),
        "one message": lambda tx: queries.message_view(tx, chance.choice(ids)[1]),
        "deliveries": lambda tx: queries.deliveries(tx, ENVIRONMENT),
        "failed deliveries": lambda tx: queries.deliveries(tx, ENVIRONMENT, state=("dead", "uncertain")),
        "deliveries of an idle endpoint": lambda tx: queries.deliveries(tx, ENVIRONMENT, endpoint="erp.once"),
        "problems by cause": lambda tx: shown_groups(installation, ENVIRONMENT),
        "how many wait for a person": lambda tx: queries.problem_count(tx, ENVIRONMENT),
        "figures of operations": lambda tx: figures(tx, ENVIRONMENT),
        "home page": lambda tx: queries.counts(tx, ENVIRONMENT),
        "connections": lambda tx: connections(tx, ENVIRONMENT),
        "lanes with work": lambda tx: list_lanes(tx, ENVIRONMENT),
        "messages chosen for a replay": lambda tx: select_messages(
            tx, ENVIRONMENT, Filter(flow="orders", since=hour, until=until), 1_001
        ),
        "failures chosen for a replay": lambda tx: select_messages(
            tx, ENVIRONMENT, Filter(code="no_such_code"), 1_001
        ),
        "timers that are due": lambda tx: due(tx, moment, 100),
        "lanes that are due": lambda tx: due_partitions(tx, "inbox"),
    }


def _ids(installation: Installation, size: Size) -> list[tuple[datetime, str]]:
    """A message of the middle and one of the end of the list."""
    c = queries.messages_table.c
    with installation.database.read() as tx:
        last = max(1, size.days // 2)
        found = []
        for day in (last, size.days - 1):
            here = c.day == queries.milliseconds() // queries.MILLISECONDS_A_DAY - day
            row = tx.execute(select(c.received_at, c.id).where(here).limit(1)).first()
            found.append((row.received_at, row.id) if row else (queries.now(tx), ""))
    return found


def _cursor(at: tuple[datetime, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([at[0].isoformat(), at[1]]).encode()).decode()


def report(full: Installation, size: Size) -> None:
    """Print how long each takes."""
    for name, look in looks(full, size).items():
        found = sorted(_timed(full, look) for _ in range(TIMES + 1))[:-1]  # the first one warms up
        median, worst = statistics.median(found), found[int(len(found) * 0.95)]
        said = ""
        if name.startswith("search"):
            said = f"   goal {GOAL * 1000:.0f}, {'reached' if worst < GOAL else 'not reached'}"
        print(f"  {name:<34} {median * 1000:8.1f} ms, p95 {worst * 1000:8.1f} ms{said}", flush=True)


def _timed(installation: Installation, look: Look) -> float:
    begun = time.perf_counter()
    with installation.database.read() as tx:
        look(tx)
    return time.perf_counter() - begun
