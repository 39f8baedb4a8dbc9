"""Attack cases 6 and 10 in a worker: the message ends with a state that says why, and the next one is done."""

import json

import pytest

from app.errors import Undecodable
from app.runtime.installation import Installation
from app.runtime.intake import accept
from app.runtime.processing import drain
from app.settings import Settings
from app.storage.messages import Message, message
from tests.journey import ENVIRONMENT, deploy, drain_all, install, journey_files, order

ALL = set(range(256))
HOSTILE_MAP = 'text(jmespath(o, "' + "|".join(["[@,@]"] * 60) + '"))'


@pytest.fixture
def installation(database_url: str, tmp_path) -> Installation:
    """The rule set `journey` live in `test`."""
    made = install(Settings(home=tmp_path / "home", database_url=database_url))
    yield made
    made.close()


def found(installation: Installation, id: str) -> Message:
    with installation.database.read() as tx:
        return message(tx, id)


def send(installation: Installation, number: int, **more: object) -> str:
    return accept(installation, ENVIRONMENT, "shop.order", order(number, **more))[0].message_id


@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 10_000, b"[" * 10_000 + b"]" * 10_000])
def test_6_ten_thousand_brackets_in_a_body_are_refused_and_the_next_message_is_done(
    installation: Installation, body: bytes
) -> None:
    with pytest.raises(Undecodable):
        accept(installation, ENVIRONMENT, "shop.order", body)
    id = send(installation, 1)
    drain_all(installation)
    assert found(installation, id).state == "done"


def test_10_a_message_that_costs_too_much_is_stopped_by_name_and_the_next_one_is_done(
    installation: Installation,
) -> None:
    files = journey_files()
    path = next(p for p, content in files.items() if b"map to_order" in content)
    text = (
        files[path]
        .decode()
        .replace("  id   = o.id\n", f"  id   = if_else(o.n > 100, {HOSTILE_MAP}, o.id)\n", 1)
    )
    deploy(installation, {**files, path: text.encode()})
    evil, good = send(installation, 101), send(installation, 2)
    drain(installation, ALL)
    drain_all(installation)
    stopped = found(installation, evil)
    assert stopped.state in ("rejected", "quarantined", "dead")
    assert "id" in stopped.reason
    assert found(installation, good).state == "done"
    assert json.loads(order(2))["n"] == 2
