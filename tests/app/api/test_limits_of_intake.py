"""Limits over HTTP: 429 and 503 with Retry-After, refused before anything is looked up; limits shown and set."""

from dataclasses import replace
from typing import Any

from sqlalchemy import event

from app.storage.limits import Limit, Scope, put_limit

PATH = "/v1/in/shop.orders"
LIMITS = "/v1/environments/dev/limits"


def order(number: int) -> bytes:
    return b'{"number": "%d", "priority": "1", "quantity": "3"}' % number


def limit(site: Any, **limits: Any) -> None:
    with site.installation.database.begin() as tx:
        put_limit(tx, Scope("dev", "endpoint", "shop.orders"), Limit(**limits))
    site.installation.gate.look()


def send(machine: Any, number: int) -> Any:
    return machine.call("POST", PATH, data=order(number), content_type="application/json")


def test_over_a_limit_the_answer_is_429_with_when_to_come_again(site: Any) -> None:
    limit(site, rate=0.1, burst=1)
    machine = site.machine("send")
    assert send(machine, 1).status_code == 202
    answer = send(machine, 2)
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (429, "rate_exceeded", True)
    assert answer.content_type == "application/problem+json"
    assert 8 <= int(answer.headers["Retry-After"]) <= 10
    assert answer.json["details"][0]["scope"] == "endpoint"


def test_a_flood_that_was_refused_once_costs_no_query(site: Any) -> None:
    limit(site, rate=0.01, burst=1)
    machine = site.machine("send")
    send(machine, 1), send(machine, 2)
    said: list[str] = []
    event.listen(
        site.installation.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *more: said.append(statement),
    )
    assert [send(machine, number).status_code for number in range(3, 6)] == [429, 429, 429]
    assert said == []


def test_a_disk_nearly_full_is_503_and_readiness_says_so(site: Any) -> None:
    gate = site.installation.gate
    whole = gate.disks._settings
    gate.disks._settings = replace(whole, disk_free_percent=100.0)
    gate.look()
    answer = send(site.machine("send"), 1)
    assert (answer.status_code, answer.json["code"]) == (503, "disk_nearly_full")
    assert int(answer.headers["Retry-After"]) > 0
    ready = site.app.test_client().get("/health/ready")
    assert ready.status_code == 503 and "nearly full" in ready.json["checks"]["disk"]
    assert site.app.test_client().get("/health/live").status_code == 200
    gate.disks._settings = whole
    gate.look()
    assert send(site.machine("send"), 1).status_code == 202


def test_an_operator_sets_a_limit_and_everybody_sees_it(site: Any) -> None:
    body = {"kind": "flow", "name": "orders/take", "rate": 5, "backlog": 100, "weight": 2, "reason": "floods"}
    answer = site.visitor("olga").call("PUT", LIMITS, json=body)
    assert (answer.status_code, answer.json["rate"]) == (200, 5.0)
    seen = site.visitor("ana").call("GET", LIMITS).json
    assert seen["weights"] == {"orders/take": 2}
    assert [(one["name"], one["backlog"], one["waiting"]) for one in seen["limits"]] == [
        ("orders/take", 100, 0)
    ]
    assert seen["installation"]["backlog"] == 1_000_000


def test_who_may_not_operate_sets_no_limit(site: Any) -> None:
    body = {"kind": "flow", "name": "orders/take", "rate": 5, "reason": "no"}
    assert site.visitor("ana").call("PUT", LIMITS, json=body).status_code == 403


def test_a_limit_that_makes_no_sense_is_422(site: Any) -> None:
    body = {"kind": "flow", "name": "orders", "rate": 5, "reason": "no"}
    answer = site.visitor("olga").call("PUT", LIMITS, json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "limit_invalid")


def test_the_document_says_when_to_send_again(site: Any) -> None:
    call = site.app.test_client().get("/openapi.json").json["paths"]["/v1/in/{endpoint}"]["post"]
    for status in ("429", "503"):
        assert "Retry-After" in call["responses"][status]["headers"]
        assert "application/problem+json" in call["responses"][status]["content"]
