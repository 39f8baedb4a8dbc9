"""What became of each sample, and whether the sandbox received exactly what was expected."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from sqlalchemy import select

from app.demo.setup import LIVE, TARGETS
from app.demo.traffic import Sent
from app.runtime.installation import Installation
from app.storage.bodies import bodies_table
from app.storage.deliveries import deliveries_table
from app.storage.identity import content_hash
from app.storage.messages import messages_table


@dataclass(frozen=True, slots=True)
class Row:
    """One message of a sample as the table shows it."""

    sample: str
    door: str
    state: str
    delivered: str
    why: str


def rows(installation: Installation, samples: Path, sent: Sequence[Sent]) -> list[Row]:
    """Every message of every sample sent, in the order they were sent."""
    found: list[Row] = []
    for one in sent:
        messages = _messages(installation, (samples / one.sample).read_bytes())
        found += [_row(installation, one, message) for message in messages]
        if not messages:
            found.append(
                Row(one.sample, one.door, "refused", "", str(one.answer.get("detail", "not taken in")))
            )
    return found


def known(installation: Installation, content: bytes) -> bool:
    """Whether this body came in before."""
    return bool(_messages(installation, content))


def _messages(installation: Installation, content: bytes) -> list[Any]:
    m, b = messages_table.c, bodies_table.c
    digest = content_hash(content)
    query = (
        select(messages_table)
        .join(bodies_table, b.id == m.body_id)
        .where(b.hash == digest, m.environment == LIVE, m.duplicate_of == "", m.replay_of == "")
        .order_by(m.received_at, m.document_index)
    )
    with installation.database.read() as tx:
        return list(tx.execute(query).mappings())


def _row(installation: Installation, one: Sent, message: Mapping[str, Any]) -> Row:
    d = deliveries_table.c
    with installation.database.read() as tx:
        states = tx.execute(select(d.endpoint, d.state).where(d.message_id == message["id"])).all()
    counted = Counter((row.endpoint, row.state) for row in states)
    words = [_words(endpoint, state, number) for (endpoint, state), number in sorted(counted.items())]
    return Row(one.sample, one.door, message["state"], "\n".join(words), message["reason"])


def _words(endpoint: str, state: str, number: int) -> str:
    times = f" x {number}" if number > 1 else ""
    return endpoint + times + ("" if state == "delivered" else f": {state}")


def expected_payloads(samples: Path) -> Counter[str]:
    """Every payload the expected outputs beside the samples name, with its path in the sandbox."""
    wanted: Counter[str] = Counter()
    for file in sorted(samples.glob("*.expected.json")):
        for outcome in json.loads(file.read_text("utf-8"))["outcomes"]:
            actions = [action for action in outcome.get("actions", []) if action["type"] == "send"]
            wanted.update(_canonical(_path(a), a["payload"]) for a in actions)
    return wanted


def received_payloads(sandbox: str) -> Counter[str]:
    """Every payload the sandbox holds, with its path."""
    answer = urllib3.request("GET", f"{sandbox}/received", timeout=10, retries=False)
    return Counter(_canonical(one["path"], one["body"]) for one in answer.json()["received"])


def differences(samples: Path, sandbox: str) -> list[str]:
    """What is missing in the sandbox, and what it should not have; empty where all is as expected."""
    wanted, found = expected_payloads(samples), received_payloads(sandbox)
    return [f"missing: {one}" for one in (wanted - found).elements()] + [
        f"not expected: {one}" for one in (found - wanted).elements()
    ]


def _path(action: Mapping[str, Any]) -> str:
    return f"/{TARGETS[action['endpoint']]}".replace("{to}", action["to"] or "")


def _canonical(path: str, payload: Any) -> str:
    return f"{path} {json.dumps(payload, sort_keys=True, ensure_ascii=False)}"
