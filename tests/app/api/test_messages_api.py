"""Messages by HTTP: found by key, shown whole, and only to whom they belong."""

from typing import Any

import pytest

ORDER = b'{"number": "7", "priority": "1", "quantity": "3"}'


def send(site: Any, body: bytes = ORDER) -> str:
    answer = site.machine("send").call(
        "POST", "/v1/in/shop.orders", data=body, content_type="application/json"
    )
    return str(answer.json["message_id"])


def test_a_message_is_found_by_its_business_key(site: Any) -> None:
    sent = send(site)
    send(site, b'{"number": "8"}')
    found = site.visitor("olga").call("GET", "/v1/messages?environment=dev&key=order:7").json["items"]
    assert [one["id"] for one in found] == [sent]


def test_pages_follow_one_another(site: Any) -> None:
    ids = {send(site, b'{"number": "%d"}' % number) for number in range(5)}
    olga, seen, cursor = site.visitor("olga"), [], ""
    for _ in range(3):
        page = olga.call("GET", f"/v1/messages?environment=dev&limit=2&cursor={cursor}").json
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None and len(seen) == 5 and set(seen) == ids


@pytest.mark.parametrize(
    "query", ["cursor=nonsense", "limit=0", "limit=1000", "limit=1.5", "since=yesterday", "colour=red"]
)
def test_an_odd_query_is_refused(site: Any, query: str) -> None:
    answer = site.visitor("olga").call("GET", f"/v1/messages?{query}")
    assert answer.status_code == 422 and answer.content_type == "application/problem+json"


def test_the_raw_bytes_come_back_as_a_download(site: Any) -> None:
    answer = site.visitor("olga").call("GET", f"/v1/messages/{send(site)}/raw")
    assert answer.data == ORDER
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"


@pytest.mark.parametrize("part", ["", "/document", "/outcome", "/deliveries", "/lineage"])
def test_every_part_of_a_message_is_shown(site: Any, part: str) -> None:
    assert site.visitor("olga").call("GET", f"/v1/messages/{send(site)}{part}").status_code == 200


@pytest.mark.parametrize("part", ["", "/raw", "/document", "/deliveries"])
def test_a_token_of_another_environment_does_not_see_it(site: Any, part: str) -> None:
    answer = site.machine("view", environment="prod").call("GET", f"/v1/messages/{send(site)}{part}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_token_cannot_ask_for_another_environment(site: Any) -> None:
    answer = site.machine("view", environment="prod").call("GET", "/v1/messages?environment=dev")
    assert (answer.status_code, answer.json["code"]) == (403, "environment_not_allowed")


@pytest.mark.parametrize("step", ["retry", "replay", "discard"])
def test_a_step_needs_a_reason(site: Any, step: str) -> None:
    answer = site.visitor("olga").call("POST", f"/v1/messages/{send(site)}/{step}", json={})
    assert (answer.status_code, answer.json["code"]) == (422, "arguments_invalid")


@pytest.mark.parametrize("login", ["ana", "ivan", "adm"])
def test_only_operators_act(site: Any, login: str) -> None:
    answer = site.visitor(login).call("POST", f"/v1/messages/{send(site)}/discard", json={"reason": "x"})
    assert answer.status_code == 403


def test_a_step_that_the_state_does_not_allow_is_refused(site: Any) -> None:
    answer = site.visitor("olga").call("POST", f"/v1/messages/{send(site)}/retry", json={"reason": "again"})
    assert (answer.status_code, answer.json["code"]) == (409, "transition_refused")


def test_a_quarantined_message_is_discarded_with_its_reason(site: Any) -> None:
    send(site)
    other = send(site, b'{"number": "7", "priority": "2", "quantity": "3"}')
    olga = site.visitor("olga")
    assert (
        olga.call("POST", f"/v1/messages/{other}/discard", json={"reason": "sent twice"}).status_code == 200
    )
    shown = olga.call("GET", f"/v1/messages/{other}").json
    assert shown["message"]["state"] == "discarded"


@pytest.mark.parametrize("path", ["messages/nothing", "messages/..%2f", "messages/%00", "deliveries/nothing"])
def test_what_is_not_there_is_not_found(site: Any, path: str) -> None:
    answer = site.visitor("olga").call("GET", f"/v1/{path}")
    assert answer.status_code == 404 and answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["deliveries", "problems", "lanes"])
def test_the_lists_answer(site: Any, path: str) -> None:
    send(site)
    answer = site.visitor("olga").call("GET", f"/v1/{path}?environment=dev")
    assert answer.status_code == 200 and "items" in answer.json


def test_a_quarantined_message_is_a_problem(site: Any) -> None:
    send(site)
    other = send(site, b'{"number": "7", "priority": "2"}')
    (group,) = site.visitor("olga").call("GET", "/v1/problems?environment=dev").json["items"]
    assert (group["state"], group["count"], group["example"]["message_id"]) == ("quarantined", 1, other)
