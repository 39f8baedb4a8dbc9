"""Choose messages or deliveries by what they have in common, in the order in which they came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, exists, or_, select

from app.storage.database import among
from app.storage.deliveries import deliveries_table
from app.storage.identity import MILLISECONDS_A_DAY
from app.storage.messages import has_key, messages_table
from app.storage.problems import problems_table

_m = messages_table.c
_d = deliveries_table.c
_p = problems_table.c
_UNFINISHED = ("received", "waiting")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is chosen: everything that is said must hold. `key` is `lot:L1` or `L1`.

    Messages that are still under way are never chosen, and those that a replay made only by their ids,
    by their fingerprint or by a state that waits for a person.
    """

    flow: str = ""
    endpoint: str = ""
    state: tuple[str, ...] = ()
    key: str = ""
    since: datetime | None = None
    until: datetime | None = None
    code: str = ""
    fingerprint: str = ""
    ids: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is said, which would choose everything."""
        return not any(getattr(self, name.name) for name in fields(self))

    def as_json(self) -> dict[str, Any]:
        """What is said, for storage and answers."""
        said = {name.name: getattr(self, name.name) for name in fields(self)}
        return {name: _plain(value) for name, value in said.items() if value}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Filter":
        """What `as_json` gave, or an API body with the same names."""
        given = dict(said)
        state = given.get("state", ())
        given["state"] = (state,) if isinstance(state, str) and state else tuple(state or ())
        given["ids"] = tuple(given.get("ids", ()))
        for name in ("since", "until"):
            if isinstance(given.get(name), str):
                given[name] = datetime.fromisoformat(given[name])
        return cls(**{name.name: given[name.name] for name in fields(cls) if given.get(name.name)})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def select_messages(tx: Connection, environment: str, chosen: Filter, limit: int) -> list[str]:
    """The ids of messages, oldest first."""
    query = select(_m.id).where(_m.environment == environment, _m.state.not_in(_UNFINISHED))
    for column, value in ((_m.flow, chosen.flow), (_m.endpoint, chosen.endpoint), (_m.code, chosen.code)):
        query = query.where(column == value) if value else query
    query = query.where(_m.state.in_(chosen.state) if chosen.state else _m.state != "discarded")
    query = query.where(*_between(_m.day, _m.received_at, chosen))
    if chosen.key:
        query = query.where(has_key(environment, chosen.key, lambda day: _in_days(day, chosen)))
    query = query.where(_noted(_m, chosen.fingerprint)) if chosen.fingerprint else query
    query = query.where(among(tx, _m.partition, _m.id, chosen.ids)) if chosen.ids else query
    if not (chosen.ids or chosen.fingerprint):
        query = query.where(
            or_(_m.replay_of == "", _m.state.in_(("rejected", "held", "dead", "quarantined")))
        )
    return list(tx.execute(query.order_by(_m.received_at, _m.seq, _m.id).limit(limit)).scalars())


def select_deliveries(tx: Connection, environment: str, chosen: Filter, limit: int) -> list[str]:
    """The ids of deliveries that wait for a person, oldest first."""
    states = chosen.state or ("dead", "uncertain")
    query = select(_d.id).where(_d.environment == environment, _d.state.in_(states))
    for column, value in (
        (_d.flow, chosen.flow),
        (_d.endpoint, chosen.endpoint),
        (_d.error_class, chosen.code),
    ):
        query = query.where(column == value) if value else query
    query = query.where(*_between(_d.day, _d.created_at, chosen))
    query = query.where(_noted(_d, chosen.fingerprint)) if chosen.fingerprint else query
    query = query.where(among(tx, _d.partition, _d.id, chosen.ids)) if chosen.ids else query
    return list(tx.execute(query.order_by(_d.created_at, _d.seq, _d.id).limit(limit)).scalars())


def messages_of(tx: Connection, delivery_ids: Sequence[str]) -> list[str]:
    """The messages that caused these deliveries, each once, in the same order."""
    if not delivery_ids:
        return []
    rows = tx.execute(select(_d.id, _d.message_id).where(among(tx, _d.partition, _d.id, delivery_ids)))
    found = {row.id: row.message_id for row in rows}
    return list(dict.fromkeys(found[id] for id in delivery_ids if id in found))


def _between(day: Column[int], at: Column[datetime], chosen: Filter) -> list[ColumnElement[bool]]:
    """From `since` on, before `until`."""
    found = _in_days(day, chosen)
    found += [at >= chosen.since] if chosen.since else []
    return found + ([at < chosen.until] if chosen.until else [])


def _in_days(day: Column[int], chosen: Filter) -> list[ColumnElement[bool]]:
    """The days of these moments, so that others are left out; one more on each side, for ids go by another clock."""
    found = [day >= _day(chosen.since) - 1] if chosen.since else []
    return found + ([day <= _day(chosen.until) + 1] if chosen.until else [])


def _day(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) // MILLISECONDS_A_DAY


def _noted(columns: Any, fingerprint: str) -> ColumnElement[bool]:
    here = and_(_p.partition == columns.partition, _p.subject_id == columns.id)
    return exists(select(_p.subject_id).where(here, _p.fingerprint == fingerprint))
