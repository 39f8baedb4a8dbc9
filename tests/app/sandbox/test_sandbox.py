"""The sandbox is a real target: it stores, answers repeats like the first time and fails on demand."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3

from app.sandbox.server import open_sandbox

HTTP = urllib3.PoolManager(retries=False, timeout=30)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[str]:
    """A running sandbox; gives its address."""
    server = open_sandbox(("127.0.0.1", 0), tmp_path / "sandbox.db")
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def post(url: str, body: Any, **headers: str) -> Any:
    """POST JSON."""
    return HTTP.request(
        "POST", url, body=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
    )


def received(sandbox: str, query: str = "") -> list[Any]:
    """What the sandbox says it got."""
    return json.loads(HTTP.request("GET", f"{sandbox}/received{query}").data)["received"]


def test_stores_what_arrives(sandbox: str) -> None:
    answer = post(f"{sandbox}/erp/holds", {"lot": "L1"}, **{"X-Correlation-Id": "c1"})
    assert answer.status == 201
    (one,) = received(sandbox, "?system=erp&correlation_id=c1")
    assert (one["path"], one["body"], one["times"]) == ("/erp/holds", {"lot": "L1"}, 1)


def test_same_key_and_body_is_one_effect(sandbox: str) -> None:
    first = post(f"{sandbox}/wms/receipts", {"a": 1}, **{"Idempotency-Key": "k"})
    again = post(f"{sandbox}/wms/receipts", {"a": 1}, **{"Idempotency-Key": "k"})
    assert (first.status, again.status) == (201, 200)
    assert json.loads(first.data)["id"] == json.loads(again.data)["id"]
    assert [one["times"] for one in received(sandbox)] == [2]


def test_same_key_with_another_body_is_refused(sandbox: str) -> None:
    post(f"{sandbox}/wms/receipts", {"a": 1}, **{"Idempotency-Key": "k"})
    assert post(f"{sandbox}/wms/receipts", {"a": 2}, **{"Idempotency-Key": "k"}).status == 409


def test_a_system_that_is_down_stores_nothing(sandbox: str) -> None:
    assert post(f"{sandbox}/control", {"system": "erp", "mode": "down"}).status == 200
    answer = post(f"{sandbox}/erp/holds", {"lot": "L1"})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert post(f"{sandbox}/wms/receipts", {"lot": "L1"}).status == 201
    assert [one["path"] for one in received(sandbox)] == ["/wms/receipts"]


def test_a_wrong_system_answers_200_with_an_error(sandbox: str) -> None:
    post(f"{sandbox}/control", {"mode": "wrong"})
    answer = post(f"{sandbox}/erp/holds", {"lot": "L1"})
    assert answer.status == 200 and "error" in json.loads(answer.data)
    assert received(sandbox) == []


def test_a_slow_system_takes_its_time(sandbox: str) -> None:
    post(f"{sandbox}/control", {"system": "qms", "mode": "slow", "seconds": 0.2})
    assert post(f"{sandbox}/qms/inspections", {}).status == 201
    assert json.loads(HTTP.request("GET", f"{sandbox}/control").data)["qms"] == "slow"


def test_the_page_shows_it_escaped(sandbox: str) -> None:
    post(f"{sandbox}/erp/holds", {"text": "<script>alert(1)</script>"})
    shown = HTTP.request("GET", f"{sandbox}/").data.decode()
    assert "&lt;script&gt;" in shown and "<script>" not in shown


@pytest.mark.parametrize("body", [{"mode": "odd"}, {"mode": "ok", "system": "nobody"}, [], {"system": "erp"}])
def test_refuses_a_control_it_does_not_know(sandbox: str, body: Any) -> None:
    assert post(f"{sandbox}/control", body).status == 400


def test_forgets_on_request(sandbox: str) -> None:
    post(f"{sandbox}/erp/holds", {"lot": "L1"})
    HTTP.request("DELETE", f"{sandbox}/received")
    assert received(sandbox) == []
