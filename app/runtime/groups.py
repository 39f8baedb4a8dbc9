"""Which groups of workers there are, as one process knows it: asked of the database every other second."""

import re
import time
from collections.abc import Collection, Sequence
from threading import Lock

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError
from app.security.audit import append
from app.storage.database import Database
from app.storage.groups import DEFAULT, Assignment, assign, assignments, served_by

_FRESH_SECONDS = 2.0
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class GroupInvalid(AppError):
    """A group is named with small letters, digits and dashes, 40 at most."""

    code = "group_invalid"
    status = 422


class GroupBook:
    """The assignments in force; a database that is away leaves the last ones known."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Sequence[Assignment] = ()
        self._until = 0.0
        self._lock = Lock()

    def assignments(self) -> Sequence[Assignment]:
        """All of them."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._until = time.monotonic() + _FRESH_SECONDS
                try:
                    with self._database.read() as tx:
                        self._known = assignments(tx)
                except SQLAlchemyError:
                    pass
            return self._known

    def names(self) -> list[str]:
        """Every group that somebody is assigned to, and `default`."""
        return sorted({DEFAULT} | {one.group for one in self.assignments()})

    def served_by(self, groups: Collection[str]) -> ColumnElement[bool] | None:
        """Which lanes these groups serve; None: all of them."""
        return served_by(self.assignments(), groups)


def group_names(text: str) -> tuple[str, ...]:
    """`quality,default` as names; nothing is `default`. Errors: GroupInvalid."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip())) or (DEFAULT,)
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong:
        raise GroupInvalid(
            f"{wrong[0]!r} is no name of a group: small letters, digits and dashes, 40 at most"
        )
    return names


def assign_group(tx: Connection, wanted: Assignment, by: str, reason: str = "") -> Assignment:
    """Have a group serve a flow, an endpoint or an environment; `default` ends an assignment. It is audited."""
    group_names(wanted.group)
    before = next((one.group for one in assignments(tx) if _same(one, wanted)), DEFAULT)
    assign(tx, wanted)
    what = wanted.endpoint or (f"{wanted.ruleset}/{wanted.flow}" if wanted.flow else "(everything)")
    append(tx, by, "group.assign", f"environment/{wanted.environment}/{what}", before, wanted.group, reason)
    return wanted


def _same(one: Assignment, other: Assignment) -> bool:
    names = ("environment", "ruleset", "flow", "endpoint")
    return all(getattr(one, name) == getattr(other, name) for name in names)
