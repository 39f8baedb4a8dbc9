"""Replays, problems and edits by HTTP: dry run first, only for whom it is, each error with a code."""

import base64
from typing import Any

import pytest

from app.runtime.driving import Driver
from tests.journey import drain_all


def send(site: Any, number: object, **more: str) -> str:
    body = {"number": str(number), "priority": "1", "quantity": "3", **more}
    return str(site.machine("send").call("POST", "/v1/in/shop.orders", json=body).json["message_id"])


def ask(site: Any, login: str = "olga", **body: Any) -> Any:
    given = {"environment": "dev", "filter": {"flow": "orders"}, **body}
    return site.visitor(login).call("POST", "/v1/replays", json=given)


@pytest.fixture
def sent(site: Any) -> list[str]:
    """Three messages that ran."""
    ids = [send(site, number) for number in range(3)]
    drain_all(site.installation)
    return ids


def test_a_dry_run_is_the_default_and_is_complete_in_the_answer(site: Any, sent: list[str]) -> None:
    answer = ask(site)
    assert answer.status_code == 202
    assert (answer.json["state"], answer.json["total"], answer.json["report"]["same"]) == ("ready", 3, 3)
    assert drain_all(site.installation) == 0


def test_a_batch_is_run_and_its_members_are_listed(site: Any, sent: list[str]) -> None:
    olga, id = site.visitor("olga"), ask(site, rate=1000).json["id"]
    refused = olga.call("POST", f"/v1/replays/{id}/run", json={})
    assert (refused.status_code, refused.json["code"]) == (422, "reason_required")
    begun = olga.call("POST", f"/v1/replays/{id}/run", json={"reason": "the target lost them"})
    assert begun.json["state"] == "running"
    driver = Driver(site.installation, "tests")
    while olga.call("GET", f"/v1/replays/{id}").json["state"] == "running":
        driver.turn()
    page = olga.call("GET", f"/v1/replays/{id}/members?state=done&limit=2").json
    rest = olga.call("GET", f"/v1/replays/{id}/members?cursor={page['next_cursor']}").json
    assert [one["subject_id"] for one in page["items"] + rest["items"]] == sent
    assert all(one["child_id"] for one in page["items"]) and rest["next_cursor"] is None
    assert drain_all(site.installation) == 3
    assert [one["id"] for one in olga.call("GET", "/v1/replays?environment=dev").json["items"]] == [id]


def test_a_batch_is_paused_and_cancelled(site: Any, sent: list[str]) -> None:
    olga = site.visitor("olga")
    id = ask(site, dry_run=False, reason="lost").json["id"]
    assert olga.call("POST", f"/v1/replays/{id}/pause", json={}).json["state"] == "paused"
    assert olga.call("POST", f"/v1/replays/{id}/cancel", json={}).json["state"] == "cancelled"
    again = olga.call("POST", f"/v1/replays/{id}/run", json={})
    assert (again.status_code, again.json["code"]) == (409, "transition_refused")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"filter": {}}, "batch_invalid"),
        ({"filter": {"flow": "nothing"}}, "nothing_chosen"),
        ({"filter": {"colour": "red"}}, "arguments_invalid"),
        ({"rate": 0}, "arguments_invalid"),
        ({"dry_run": False}, "reason_required"),
        ({"action": "discard", "destinations": ["plant.work_order"]}, "batch_invalid"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(site: Any, sent: list[str], body: Any, code: str) -> None:
    answer = ask(site, **body)
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_only_operators_make_batches(site: Any, sent: list[str]) -> None:
    assert ask(site, "ana").status_code == 403
    assert site.visitor("ana").call("GET", "/v1/replays?environment=dev").status_code == 200


def test_a_token_of_another_environment_sees_no_batch(site: Any, sent: list[str]) -> None:
    id = ask(site).json["id"]
    answer = site.machine("view", environment="prod").call("GET", f"/v1/replays/{id}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_problems_are_grouped_with_who_is_affected_and_who_acts(site: Any) -> None:
    for _ in range(3):
        send(site, "", note="without a number")
    drain_all(site.installation)
    olga = site.visitor("olga")
    (group,) = olga.call("GET", "/v1/problems?environment=dev").json["items"]
    assert (group["count"], group["state"], group["subject"], group["flow"]) == (
        3,
        "rejected",
        "message",
        "orders",
    )
    assert group["field"] and group["example"]["reason"] and group["owner"]
    page = olga.call("GET", f"/v1/problems/{group['fingerprint']}?limit=2").json
    rest = olga.call("GET", f"/v1/problems/{group['fingerprint']}?cursor={page['next_cursor']}").json
    assert len({one["id"] for one in page["items"] + rest["items"]}) == 3


def test_a_group_is_discarded_as_a_whole(site: Any) -> None:
    ids = [send(site, "") for _ in range(3)]
    drain_all(site.installation)
    olga = site.visitor("olga")
    (group,) = olga.call("GET", "/v1/problems?environment=dev").json["items"]
    address = f"/v1/problems/{group['fingerprint']}/discard"
    made = olga.call("POST", address, json={"reason": "test of the shop", "dry_run": False})
    assert (made.status_code, made.json["total"]) == (202, 3)
    driver = Driver(site.installation, "tests")
    while driver.turn():
        pass
    states = {olga.call("GET", f"/v1/messages/{id}").json["message"]["state"] for id in ids}
    assert states == {"discarded"}
    assert olga.call("GET", "/v1/problems?environment=dev").json["items"] == []
    assert olga.call("GET", f"/v1/problems/{group['fingerprint']}").status_code == 404


def test_a_message_is_edited_after_a_dry_run(site: Any) -> None:
    id = send(site, "")
    drain_all(site.installation)
    olga, repaired = site.visitor("olga"), '{"number": "7", "priority": "1", "quantity": "3"}'
    seen = olga.call("POST", f"/v1/messages/{id}/edit", json={"content": repaired}).json
    assert seen["dry_run"] and seen["state"] == "done"
    assert {"output": "raw", "path": "/number", "kind": "changed", "before": "", "after": "7"} in seen[
        "document"
    ]
    encoded = base64.b64encode(repaired.encode()).decode()
    body = {"content_base64": encoded, "dry_run": False, "reason": "the number was missing"}
    made = olga.call("POST", f"/v1/messages/{id}/edit", json=body).json["edited_as"]
    drain_all(site.installation)
    shown = olga.call("GET", f"/v1/messages/{made[0]['message_id']}").json
    assert shown["message"]["state"] == "done" and shown["edited_from"] == id
    assert [one["id"] for one in olga.call("GET", f"/v1/messages/{id}").json["edited_to"]] == [
        made[0]["message_id"]
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "edit_refused"),
        ({"content_base64": "???"}, "edit_refused"),
        ({"content": '{"number": '}, "undecodable"),
        ({"content": '{"number": "1"}', "dry_run": False}, "reason_required"),
    ],
)
def test_an_edit_that_cannot_be_used_is_refused_by_name(site: Any, body: Any, code: str) -> None:
    id = send(site, "")
    drain_all(site.installation)
    assert site.visitor("olga").call("POST", f"/v1/messages/{id}/edit", json=body).json["code"] == code
    assert site.visitor("ana").call("POST", f"/v1/messages/{id}/edit", json=body).status_code == 403
