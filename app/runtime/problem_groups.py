"""Failures by their cause as people see them: how many, since when, who is affected, who has to act."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.runtime.installation import Installation
from app.runtime.problem_titles import title
from app.storage import problems as stored
from app.storage.aftermath import some_deliveries
from app.storage.deliveries import Delivery
from app.storage.messages import Message, keys_of, messages
from app.storage.problems import Group

LOOKED_AT = 100
_VALUES = 5


@dataclass(frozen=True)
class Failed:
    """One message or delivery of a group; `message` is the one that caused the delivery."""

    id: str
    at: datetime
    message: Message
    keys: dict[str, str]
    delivery: Delivery | None = None

    @property
    def reason(self) -> str:
        """Why, in the words of whoever refused it."""
        return self.delivery.reason if self.delivery is not None else self.message.reason


@dataclass(frozen=True)
class Answerable:
    """Who has to act: the owner of the flow, and what its playbook says."""

    owner: str = ""
    playbook: str = ""
    runbook: str = ""


def shown_groups(
    installation: Installation, environment: str, limit: int = 50, offset: int = 0
) -> list[dict[str, Any]]:
    """The open groups of an environment, the most recent failure first."""
    with installation.database.read() as tx:
        found = stored.groups(tx, environment, limit, offset)
        seen = [failures(tx, one, LOOKED_AT) for one in found]
    return [group_json(installation, one, some) for one, some in zip(found, seen, strict=True)]


def shown_group(installation: Installation, fingerprint: str) -> dict[str, Any]:
    """One open group. Errors: NotFound."""
    with installation.database.read() as tx:
        found = open_group(tx, fingerprint)
        some = failures(tx, found, LOOKED_AT)
    return group_json(installation, found, some)


def open_group(tx: Connection, fingerprint: str) -> Group:
    """One open group. Errors: NotFound."""
    try:
        return stored.group(tx, fingerprint[:40])
    except LookupError:
        raise NotFound("nothing of this group waits for anybody (any more)") from None


def failures(
    tx: Connection, found: Group, limit: int = 50, before: tuple[datetime, str] | None = None
) -> list[Failed]:
    """Members of a group, latest first."""
    rows = stored.subjects(tx, found.kind.environment, found.fingerprint, limit, before)
    ids = [id for id, _ in rows]
    sent = some_deliveries(tx, ids) if found.kind.subject == "delivery" else {}
    causes = {id: sent[id].message_id if id in sent else id for id in ids}
    known = messages(tx, set(causes.values()))
    business = keys_of(tx, list(known))
    return [
        Failed(id, at, known[causes[id]], business[causes[id]], sent.get(id))
        for id, at in rows
        if causes[id] in known
    ]


def group_json(installation: Installation, found: Group, some: Sequence[Failed]) -> dict[str, Any]:
    """A group for answers and pages."""
    example = some[0] if some else None
    return {
        "fingerprint": found.fingerprint,
        **asdict(found.kind),
        "title": title(found.kind),
        "count": found.count,
        "first_at": found.first_at,
        "last_at": found.last_at,
        **asdict(answerable(installation, found)),
        "affected": affected(some),
        "example": example
        and {
            "message_id": example.message.id,
            "delivery_id": example.delivery.id if example.delivery else None,
            "reason": example.reason,
        },
    }


def affected(some: Sequence[Failed]) -> dict[str, dict[str, Any]]:
    """The business keys of the latest members, by name: some values, and how many there are."""
    values: dict[str, dict[str, None]] = {}
    for one in some:
        for name, value in one.keys.items():
            values.setdefault(name, {})[value] = None
    return {
        name: {"values": list(found)[:_VALUES], "count": len(found)} for name, found in sorted(values.items())
    }


def answerable(installation: Installation, found: Group) -> Answerable:
    """Who has to act, as the release says in which it failed; nobody where the release is gone."""
    try:
        program = installation.compiled(found.kind.release_id).program
    except LookupError:
        return Answerable()
    flow = program.flows.get(found.kind.flow)
    if flow is None:
        return Answerable(program.manifest.owner)
    playbook = program.playbooks.get(flow.node.playbook)
    runbook = playbook.node.runbook if playbook is not None else ""
    return Answerable(flow.node.owner or program.manifest.owner, flow.node.playbook, runbook)
