"""What arrived and how each system behaves, in one SQLite file."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

SYSTEMS = {
    "erp": "ERP",
    "supplier": "Supplier portal",
    "purchasing": "Purchasing",
    "wms": "Warehouse",
    "qms": "Quality management",
}
MODES = ("ok", "slow", "down", "wrong")
_SCHEMA = """
create table if not exists received (
    id integer primary key, at text not null, path text not null, key text not null,
    correlation_id text not null, message text not null, delivery text not null, body text not null, times integer not null,
    unique (path, key)
);
create table if not exists behaviour (system text primary key, mode text not null, seconds real not null);
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that arrived; `times` counts how often it was sent with the same key."""

    id: int
    at: str
    path: str
    key: str
    correlation_id: str
    message: str
    delivery: str
    body: Any
    times: int

    def as_json(self) -> dict[str, Any]:
        """As `/received` shows it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a system answers: ok, slow (after `seconds`), down (503), wrong (200 with an error in the body)."""

    mode: str = "ok"
    seconds: float = 3.0


class Store:
    """The sandbox's memory; safe for the threads of one server."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = Lock()
        with closing(self._open()) as connection:
            connection.executescript(_SCHEMA)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        connection.row_factory = sqlite3.Row
        return connection

    def take(
        self, path: str, headers: Mapping[str, str], body: Any
    ) -> tuple[Literal["new", "again", "other"], int]:
        """Store a body, or say that its key was there before with the same or another one."""
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        with self._lock, closing(self._open()) as connection:
            count = connection.execute("select coalesce(max(id), 0) + 1 from received").fetchone()[0]
            key = headers.get("Idempotency-Key") or f"(none) {count}"
            found = connection.execute(
                "select * from received where path = ? and key = ?", (path, key)
            ).fetchone()
            if found:
                connection.execute("update received set times = times + 1 where id = ?", (found["id"],))
                return ("again" if found["body"] == text else "other"), found["id"]
            row = (
                datetime.now(UTC).isoformat(timespec="milliseconds"),
                path,
                key,
                headers.get("X-Correlation-Id", ""),
                headers.get("X-Mapwright-Message", ""),
                headers.get("X-Mapwright-Delivery", ""),
                text,
            )
            columns = "at, path, key, correlation_id, message, delivery, body, times"
            cursor = connection.execute(
                f"insert into received ({columns}) values (?, ?, ?, ?, ?, ?, ?, 1)", row
            )
            return "new", int(cursor.lastrowid or 0)

    def received(self, system: str = "", correlation_id: str = "") -> list[Received]:
        """What arrived, oldest first."""
        query = "select * from received where path like ? and (? = '' or correlation_id = ?) order by id"
        with closing(self._open()) as connection:
            rows = connection.execute(query, (f"/{system}%", correlation_id, correlation_id)).fetchall()
        return [Received(**{**row, "body": json.loads(row["body"])}) for row in map(dict, rows)]

    def forget(self) -> None:
        """Start with nothing."""
        with self._lock, closing(self._open()) as connection:
            connection.execute("delete from received")

    def behave(self, system: str, behaviour: Behaviour) -> None:
        """Tell a system how to answer from now on."""
        with self._lock, closing(self._open()) as connection:
            values = (system, behaviour.mode, behaviour.seconds)
            connection.execute(
                "insert or replace into behaviour (system, mode, seconds) values (?, ?, ?)", values
            )

    def behaviour(self, system: str) -> Behaviour:
        """How a system answers now."""
        with closing(self._open()) as connection:
            row = connection.execute(
                "select mode, seconds from behaviour where system = ?", (system,)
            ).fetchone()
        return Behaviour(row["mode"], row["seconds"]) if row else Behaviour()
