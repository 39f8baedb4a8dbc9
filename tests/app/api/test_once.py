"""Idempotency-Key on writes: carried out once, whoever dies, on both databases."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from app.api import messages as calls
from app.runtime.processing import drain
from app.runtime.recovery import replay_message
from app.runtime.retention import run_retention
from app.settings import Settings
from app.storage.audit import audit_table
from app.storage.messages import messages_table
from app.storage.repeats import LEASE_SECONDS, calls_table
from app.wiring import wire
from tests.website import KEYS, Machine, Site, furnish

BODY = {"reason": "the ERP lost it"}
READING = {"check", "run", "test", "plan"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def both(
    request: pytest.FixtureRequest,
    fresh_database: Callable[[str], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A site on each database; each test has callers of its own."""
    with fresh_database(request.param) as url:
        made = wired(url, tmp_path_factory.mktemp("home"))
        furnish(made.installation)
        yield made
        made.installation.close()


def wired(url: str, home: Path) -> Site:
    return Site(wire(Settings(home=home, database_url=url, secret_keys=KEYS)))


@pytest.fixture
def path(both: Site) -> str:
    """The call that replays a message: each one that is carried out makes a child."""
    order = {"number": uuid4().hex[:8], "priority": "1"}
    id = both.machine("send").call("POST", "/v1/in/shop.orders", json=order).json["message_id"]
    drain(both.installation, range(256))
    return f"/v1/messages/{id}/replay"


@pytest.fixture
def children(both: Site, path: str) -> Callable[[], int]:
    """How many messages were made since the first."""
    before = messages(both)
    return lambda: messages(both) - before


def messages(site: Site) -> int:
    with site.installation.database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(messages_table)).scalar_one())


def call(machine: Any, path: str, key: str | None = "k1", body: dict[str, Any] | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return machine.call("POST", path, json=body or BODY, headers=headers)


def let_time_pass(site: Site, seconds: float) -> None:
    with site.installation.database.begin() as tx:
        for row in tx.execute(select(calls_table)).mappings().all():
            earlier = {n: row[n] - timedelta(seconds=seconds) for n in ("lease_until", "kept_until")}
            here = (calls_table.c.caller == row["caller"]) & (calls_table.c.key == row["key"])
            tx.execute(update(calls_table).where(here).values(earlier))


def said(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


class Slow:
    """A step that waits in the middle of a call until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go = Event(), Event()
        self._first = True
        monkeypatch.setitem(calls._STEPS, "replay", self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._first:
            self._first = False
            self.begun.set()
            assert self.go.wait(60)
        return replay_message(*args, **kwargs)


def beside(work: Callable[[], Any], answers: list[Any]) -> Thread:
    thread = Thread(target=lambda: answers.append(work()))
    thread.start()
    return thread


def test_the_same_call_again_is_answered_alike_and_does_nothing(
    both: Site, path: str, children: Callable[[], int]
) -> None:
    machine = both.machine("operate", "view")
    first, again = call(machine, path), call(machine, path)
    assert (first.status_code, again.status_code) == (200, 200) and first.data == again.data
    assert first.content_type == again.content_type and children() == 1
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"


def test_without_a_key_each_call_is_carried_out(both: Site, path: str, children: Callable[[], int]) -> None:
    machine = both.machine("operate", "view")
    assert [call(machine, path, None).status_code for _ in range(2)] == [200, 200] and children() == 2


def test_a_key_with_another_call_is_refused(both: Site, path: str, children: Callable[[], int]) -> None:
    machine = both.machine("operate", "view")
    call(machine, path)
    assert said(call(machine, path, body={"reason": "another"})) == (422, "idempotency_key_reused")
    other = path.replace("replay", "discard")
    assert said(call(machine, other)) == (422, "idempotency_key_reused") and children() == 1


def test_a_key_belongs_to_its_caller(both: Site, path: str, children: Callable[[], int]) -> None:
    for machine in (both.machine("operate", "view"), both.machine("operate", "view"), both.visitor("olga")):
        assert call(machine, path).status_code == 200
    assert children() == 3


@pytest.mark.parametrize("key", ["a b", "x" * 201, "schlüssel"])
def test_a_key_that_is_none_is_refused(both: Site, path: str, key: str) -> None:
    assert said(call(both.machine("operate", "view"), path, key)) == (422, "idempotency_key_invalid")


def test_a_refused_call_leaves_its_key_free(both: Site, path: str, children: Callable[[], int]) -> None:
    machine = both.machine("operate", "view")
    assert call(machine, path, body={"reasons": "wrong name"}).status_code == 422
    assert call(machine, path).status_code == 200 and children() == 1


def test_who_may_not_call_learns_nothing_of_keys(both: Site, path: str) -> None:
    assert said(call(both.machine("view"), path, "a b")) == (403, "not_permitted")


def test_the_second_of_two_at_once_is_told_when_to_ask_again(
    both: Site, path: str, children: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow, answers = Slow(monkeypatch), []
    token = both.token("operate", "view")
    url = both.installation.database.engine.url.render_as_string(hide_password=False)
    other = wired(url, tmp_path / "other")
    first = beside(lambda: call(Machine(both.app.test_client(), token), path), answers)
    assert slow.begun.wait(60)
    second = call(Machine(other.app.test_client(), token), path)
    assert said(second) == (409, "call_running") and second.json["retryable"]
    assert 1 <= int(second.headers["Retry-After"]) <= LEASE_SECONDS
    slow.go.set()
    first.join(60)
    third = call(Machine(other.app.test_client(), token), path)
    assert (third.status_code, third.data) == (200, answers[0].data) and children() == 1
    other.installation.close()


def test_of_many_at_once_one_is_carried_out(both: Site, path: str, children: Callable[[], int]) -> None:
    token, answers = both.token("operate", "view"), []
    app = both.app  # made before the threads begin
    threads = [beside(lambda: call(Machine(app.test_client(), token), path), answers) for _ in range(6)]
    for thread in threads:
        thread.join(60)
    assert {one.status_code for one in answers} <= {200, 409} and len(answers) == 6
    assert len({one.data for one in answers if one.status_code == 200}) == 1 and children() == 1


def test_who_was_away_too_long_commits_nothing(
    both: Site, path: str, children: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, answers = Slow(monkeypatch), []
    token = both.token("operate", "view")
    first = beside(lambda: call(Machine(both.app.test_client(), token), path), answers)
    assert slow.begun.wait(60)
    let_time_pass(both, LEASE_SECONDS)
    second = call(Machine(both.app.test_client(), token), path)
    slow.go.set()
    first.join(60)
    assert second.status_code == 200 and said(answers[0]) == (409, "call_running")
    assert children() == 1
    assert call(Machine(both.app.test_client(), token), path).data == second.data


def _die(url: str, home: Path, token: str, path: str, when: str) -> None:
    """A server that ends in the middle of a call."""

    def step(*args: Any, **kwargs: Any) -> None:
        if when == "after the commit":
            replay_message(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    calls._STEPS["replay"] = step
    call(Machine(wired(url, home).app.test_client(), token), path)


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_server_that_dies_blocks_no_key_and_doubles_nothing(
    both: Site, path: str, children: Callable[[], int], when: str, tmp_path: Path
) -> None:
    machine = both.machine("operate", "view")
    url = both.installation.database.engine.url.render_as_string(hide_password=False)
    given = (url, tmp_path / "dying", machine.token, path, when)
    died = multiprocessing.get_context("spawn").Process(target=_die, args=given)
    died.start()
    died.join(120)
    assert died.exitcode == -signal.SIGKILL
    assert said(call(machine, path)) == (409, "call_running")
    let_time_pass(both, LEASE_SECONDS)
    again = call(machine, path)
    if when == "before the commit":
        assert again.status_code == 200
    else:
        assert said(again) == (409, "answer_lost")
    assert children() == 1


def test_a_call_that_breaks_before_it_did_anything_may_be_sent_again(
    both: Site, path: str, children: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    both.app.config["PROPAGATE_EXCEPTIONS"] = False
    machine = both.machine("operate", "view")
    with monkeypatch.context() as patched:
        patched.setitem(calls._STEPS, "replay", broken)
        assert said(call(machine, path)) == (500, "internal_error")
    assert call(machine, path).status_code == 200 and children() == 1


def test_a_call_that_breaks_after_a_commit_is_not_carried_out_again(
    both: Site, path: str, children: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        replay_message(*args, **kwargs)
        raise RuntimeError("broken")

    both.app.config["PROPAGATE_EXCEPTIONS"] = False
    machine = both.machine("operate", "view")
    with monkeypatch.context() as patched:
        patched.setitem(calls._STEPS, "replay", broken)
        assert call(machine, path).status_code == 500
    assert said(call(machine, path)) == (409, "answer_lost") and children() == 1


def test_after_a_day_a_key_is_new_and_retention_lets_it_go(
    both: Site, path: str, children: Callable[[], int]
) -> None:
    machine = both.machine("operate", "view")
    call(machine, path)
    let_time_pass(both, 86_400)
    assert call(machine, path, body={"reason": "another"}).status_code == 200 and children() == 2
    let_time_pass(both, 86_400)
    foreseen = run_retention(both.installation, dry_run=True)
    run = run_retention(both.installation)
    assert foreseen is not None and run is not None and foreseen.deleted == run.deleted
    assert run is not None and run.deleted["answers to calls"] >= 1


def test_a_file_is_written_once_with_its_bytes_untouched(both: Site) -> None:
    machine = both.machine("edit", "view")
    file = {
        "data": b"\xef\xbb\xbfnot even text \x00",
        "headers": {"Idempotency-Key": "f", "If-None-Match": "*"},
    }
    file["data"] = b"map m\n"
    first = machine.call("PUT", "/v1/rulesets/orders/files/maps/new.mw", **file)
    again = machine.call("PUT", "/v1/rulesets/orders/files/maps/new.mw", **file)
    assert (first.status_code, first.data) == (again.status_code, again.data) == (200, first.data)
    assert first.headers["ETag"] == again.headers["ETag"]
    assert machine.call("GET", "/v1/rulesets/orders/files/maps/new.mw").data == b"map m\n"


def test_only_one_line_of_the_audit_log_tells_of_a_call(both: Site) -> None:
    machine = both.machine("operate", "view")
    for _ in range(3):
        assert call(machine, "/v1/flows/orders/orders/pause").status_code == 200
    with both.installation.database.read() as tx:
        steps_taken = list(tx.execute(select(audit_table.c.what)).scalars())
    assert steps_taken.count("flow.paused") == 1
    call(machine, "/v1/flows/orders/orders/resume", "k2")


def test_every_write_is_described_with_its_key(site: Any) -> None:
    spec = site.app.test_client().get("/openapi.json").json
    without = set()
    for path, item in spec["paths"].items():
        for method in {"post", "put", "delete", "patch"} & set(item):
            names = [one.get("name") for one in item[method].get("parameters", [])]
            if "Idempotency-Key" not in names:
                without.add(path.rpartition("/")[2])
    assert without == READING
