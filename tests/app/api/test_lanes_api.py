"""Lanes, flows, groups, figures and scheduled promotions by HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.storage import releases


def send(site: Any) -> str:
    answer = site.machine("send").call("POST", "/v1/in/shop.orders", json={"number": "7", "priority": "1"})
    assert answer.status_code == 202, answer.text
    return str(answer.json["message_id"])


def lanes(visitor: Any, **query: str) -> list[dict[str, Any]]:
    words = "&".join(f"{name}={value}" for name, value in {"environment": "dev", **query}.items())
    answer = visitor.call("GET", f"/v1/lanes?{words}")
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def test_a_lane_is_listed_paused_and_let_go(site: Any) -> None:
    send(site)
    olga = site.visitor("olga")
    (lane,) = lanes(olga)
    assert (lane["state"], lane["waiting"], lane["kind"]) == ("free", 1, "inbox")
    path = f"/v1/lanes/{lane['id']}"
    assert olga.call("POST", f"{path}/pause", json={}).status_code == 422
    assert olga.call("POST", f"{path}/pause", json={"reason": "recount"}).json["state"] == "blocked"
    assert lanes(olga, state="blocked")[0]["parked"] == "paused by olga: recount"
    assert olga.call("GET", path).json["blocked_by"] == "pause"
    assert olga.call("POST", f"{path}/pause", json={"reason": "again"}).status_code == 409
    assert olga.call("POST", f"{path}/resume", json={"reason": "counted"}).status_code == 200
    assert olga.call("POST", f"{path}/release", json={"reason": "go"}).status_code == 200


def test_lanes_of_another_environment_are_not_there_for_a_token(site: Any) -> None:
    send(site)
    (lane,) = lanes(site.visitor("olga"))
    other = site.machine("view", "operate", environment="test")
    assert other.call("GET", f"/v1/lanes/{lane['id']}").status_code == 404
    answer = other.call("POST", f"/v1/lanes/{lane['id']}/pause", json={"reason": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("query", ["state=odd", "cursor=nonsense", "kind=x"])
def test_an_odd_question_is_refused(site: Any, query: str) -> None:
    assert site.visitor("olga").call("GET", f"/v1/lanes?environment=dev&{query}").status_code == 422


def test_a_flow_is_paused_by_who_may_operate(site: Any) -> None:
    body = {"reason": "stock-taking", "environment": "dev"}
    olga, flow = site.visitor("olga"), "/v1/flows/orders/orders"
    assert site.visitor("ana").call("POST", f"{flow}/pause", json=body).status_code == 403
    assert olga.call("POST", f"{flow}/pause", json=body).json["paused"] is True
    assert olga.call("GET", "/v1/figures?environment=dev").json["paused_flows"] == ["orders/orders"]
    assert olga.call("POST", f"{flow}/resume", json=body).json["paused"] is False
    assert olga.call("POST", "/v1/flows/orders/none/pause", json=body).status_code == 404


def test_groups_are_assigned_by_who_connects(site: Any) -> None:
    body = {
        "flow": "orders",
        "ruleset": "orders",
        "group": "quality",
        "reason": "own hosts",
        "environment": "dev",
    }
    assert site.visitor("olga").call("PUT", "/v1/groups", json=body).status_code == 403
    adm = site.visitor("adm")
    assert adm.call("PUT", "/v1/groups", json=body).json["group"] == "quality"
    assert adm.call("PUT", "/v1/groups", json={**body, "group": "Not A Name"}).status_code == 422
    assert adm.call("PUT", "/v1/groups", json={**body, "environment": "moon"}).status_code == 404
    (found,) = adm.call("GET", "/v1/groups?environment=dev").json["items"]
    assert (found["flow"], found["group"]) == ("orders", "quality")


def test_figures_say_what_waits(site: Any) -> None:
    send(site)
    found = site.visitor("olga").call("GET", "/v1/figures?environment=dev").json
    assert found["waiting_flows"][0]["count"] == 1 and found["unserved"] == {"default": 1}


def test_a_promotion_is_scheduled_listed_and_cancelled(site: Any) -> None:
    with site.installation.database.read() as connection:
        release = releases.release_records(connection, "orders")[0].id
    at = (datetime.now(UTC) + timedelta(hours=8)).isoformat()
    ivan, path = site.visitor("ivan"), "/v1/environments/test"
    body = {"release": release, "reason": "at night", "at": at}
    assert site.visitor("ana").call("POST", f"{path}/promote", json=body).status_code == 403
    made = ivan.call("POST", f"{path}/promote", json=body).json
    assert (made["state"], made["by"]) == ("waiting", "ivan")
    (found,) = ivan.call("GET", f"{path}/scheduled").json["items"]
    assert found["id"] == made["id"]
    cancelled = f"{path}/scheduled/{made['id']}/cancel"
    assert site.visitor("ana").call("POST", cancelled, json={"reason": "x"}).status_code == 403
    assert ivan.call("POST", cancelled, json={"reason": "not tonight"}).json["state"] == "not done"
    assert ivan.call("POST", cancelled, json={"reason": "not tonight"}).status_code == 409
    past = {**body, "at": "2020-01-01T00:00:00Z"}
    assert ivan.call("POST", f"{path}/promote", json=past).json["code"] == "time_invalid"
