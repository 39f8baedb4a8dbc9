"""Connections by HTTP: how they stand, what people do with them, staged deliveries let go."""

from typing import Any

import pytest

ENDPOINT = "plant.work_order"
WHY = {"reason": "the ERP is updated", "environment": "dev"}


def act(site: Any, step: str, who: str = "olga", body: dict[str, Any] | None = None) -> Any:
    return site.visitor(who).call("POST", f"/v1/connections/{ENDPOINT}/{step}", json=body or WHY)


def standing(site: Any) -> dict[str, Any]:
    items = site.visitor("olga").call("GET", "/v1/connections?environment=dev").json["items"]
    (found,) = [one for one in items if one["endpoint"] == ENDPOINT]
    return dict(found)


def test_a_connection_is_paused_and_resumed(site: Any) -> None:
    assert act(site, "pause").status_code == 200 and standing(site)["paused"] is True
    assert act(site, "resume").status_code == 200 and standing(site)["paused"] is False


def test_a_breaker_is_opened_and_closed(site: Any) -> None:
    act(site, "open")
    found = standing(site)
    assert (found["breaker"], found["probe_at"]) == ("open", None) and "the ERP is updated" in found["why"]
    act(site, "close")
    assert standing(site)["breaker"] == "closed"
    again = act(site, "close")
    assert (again.status_code, again.json["code"]) == (409, "transition_refused")


def test_a_connection_is_staged_until_a_time(site: Any) -> None:
    act(site, "stage", body={**WHY, "hold_until": "2027-01-01T06:00:00Z"})
    assert standing(site)["staged"] is True and standing(site)["hold_until"].startswith("2027-01-01")
    act(site, "unstage")
    assert standing(site)["staged"] is False


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "colour": "red"}])
def test_a_reason_is_needed_and_nothing_unknown_taken(site: Any, body: dict[str, Any]) -> None:
    assert act(site, "pause", body=body or {"environment": "dev"}).status_code == 422


def test_only_who_may_operate_steers(site: Any) -> None:
    assert act(site, "pause", who="ana").status_code == 403 and standing(site)["paused"] is False


def test_an_unknown_endpoint_is_not_found(site: Any) -> None:
    answer = site.visitor("olga").call("POST", "/v1/connections/no.such/pause", json=WHY)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_staged_deliveries_are_let_go_by_filter_or_all_and_never_by_accident(site: Any) -> None:
    olga = site.visitor("olga")
    refused = olga.call("POST", "/v1/deliveries/release", json=WHY)
    assert (refused.status_code, refused.json["code"]) == (422, "nothing_chosen")
    some = olga.call("POST", "/v1/deliveries/release", json={**WHY, "endpoint": ENDPOINT})
    everything = olga.call("POST", "/v1/deliveries/release", json={**WHY, "all": True})
    assert (some.json["released"], everything.json["released"]) == (0, 0)


def test_the_limits_of_a_connection_are_checked_and_shown(site: Any) -> None:
    path = f"/v1/environments/dev/bindings/{ENDPOINT}"
    body = {
        "transport": "http",
        "settings": {"url": "http://127.0.0.1:9/"},
        "control": {"rate": 5, "burst": 2},
    }
    adam = site.visitor("adm")
    assert adam.call("PUT", path, json=body).status_code == 200
    assert (standing(site)["rate"], standing(site)["burst"]) == (5, 2)
    assert adam.call("PUT", path, json={**body, "control": {"rate": -1}}).status_code == 422
