"""POST /v1/in/{endpoint}: what is accepted is durable, what is hostile is refused with a code."""

import base64
import hashlib
import json
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("way")
ORDER = b'{"number": "7", "priority": "1", "quantity": "3"}'
PATH = "/v1/in/shop.orders"


def send(site: Any, body: bytes = ORDER, path: str = PATH, **options: Any) -> Any:
    return site.machine("send").call(
        "POST", path, data=body, **{"content_type": "application/json", **options}
    )


def stored(site: Any) -> int:
    with site.installation.database.read() as connection:
        from app.storage.queries import search_messages

        return len(search_messages(connection, "dev").items)


def test_a_body_is_accepted_with_its_id(site: Any) -> None:
    answer = send(site)
    assert answer.status_code == 202
    assert answer.json["duplicate"] is False and answer.json["state"] == "received"
    assert stored(site) == 1


def test_the_correlation_id_of_the_caller_is_kept(site: Any) -> None:
    answer = send(site, headers={"X-Correlation-Id": "journey-7"})
    assert answer.json["correlation_id"] == answer.headers["X-Correlation-Id"] == "journey-7"


def test_the_same_body_again_answers_the_first_id(site: Any) -> None:
    first, second = send(site), send(site)
    assert second.status_code == 202 and second.json["duplicate"] is True
    assert second.json["message_id"] == first.json["message_id"]


def test_the_same_idempotency_key_and_body_answers_the_first_id(site: Any) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, second = send(site, headers=key), send(site, headers=key)
    assert (second.json["message_id"], second.json["duplicate"]) == (first.json["message_id"], True)


def test_the_same_id_with_another_body_is_quarantined(site: Any) -> None:
    send(site)
    answer = send(site, b'{"number": "7", "priority": "2", "quantity": "3"}')
    assert answer.json["state"] == "quarantined"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "undecodable"),
        (b'{"number": "1"', 400, "undecodable"),
        (b"\xff\xfe\x00", 400, "undecodable"),
        (b'{"number": NaN}', 400, "undecodable"),
        (b'{"number": Infinity}', 400, "undecodable"),
        (b'{"number": "1", "number": "2"}', 400, "undecodable"),
        (b'{"number": 1e999999999}', 400, "undecodable"),
        (b"[" * 10_000 + b"]" * 10_000, 400, "undecodable"),
        (b'{"number": "\\ud800"}', 400, "undecodable"),
        (b'{"number": "' + b"x" * 20_000_000 + b'"}', 413, "too_large"),
    ],
    ids=["text", "cut", "bytes", "nan", "infinity", "twice", "bomb", "nested", "surrogate", "20MB"],
)
def test_a_hostile_body_is_refused_and_nothing_stored(site: Any, body: bytes, status: int, code: str) -> None:
    answer = send(site, body)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert stored(site) == 0


def test_an_empty_body_is_refused(site: Any) -> None:
    answer = send(site, b"", environ_overrides={"CONTENT_LENGTH": "0"})
    assert (answer.status_code, answer.json["code"]) == (400, "undecodable")


def test_an_unknown_endpoint_is_refused(site: Any) -> None:
    answer = send(site, path="/v1/in/no.such")
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_endpoint")


def test_an_outgoing_endpoint_takes_nothing_in(site: Any) -> None:
    assert send(site, path="/v1/in/plant.work_order").status_code == 404


def test_another_content_type_is_refused(site: Any) -> None:
    answer = send(site, content_type="application/xml")
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert stored(site) == 0


def test_a_problem_has_every_field(site: Any) -> None:
    answer = send(site, b"not json")
    assert set(answer.json) == {
        "type",
        "title",
        "status",
        "detail",
        "code",
        "retryable",
        "details",
        "correlation_id",
    }
    assert answer.json["correlation_id"] == answer.headers["X-Correlation-Id"]


@pytest.mark.parametrize(
    "header",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}],
)
def test_without_a_valid_token_nothing_is_taken_in(site: Any, header: dict[str, str]) -> None:
    answer = site.app.test_client().post(PATH, data=ORDER, headers=header)
    assert answer.status_code == 401 and answer.content_type == "application/problem+json"
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    assert stored(site) == 0


def test_a_token_in_the_address_is_no_token(site: Any) -> None:
    answer = site.app.test_client().post(f"{PATH}?token={site.token()}", data=ORDER)
    assert answer.status_code == 401


def test_a_token_of_other_endpoints_is_refused(site: Any) -> None:
    answer = site.machine("send", endpoints=("edi.asn",)).call("POST", PATH, data=ORDER)
    assert (answer.status_code, answer.json["code"]) == (403, "endpoint_not_allowed")


def test_a_token_that_may_not_send_is_refused(site: Any) -> None:
    answer = site.machine("view").call("POST", PATH, data=ORDER)
    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")


def test_a_person_does_not_send(site: Any) -> None:
    assert site.visitor("ana").call("POST", PATH, data=ORDER).status_code == 403


def test_an_environment_with_nothing_live_says_so(site: Any) -> None:
    answer = site.machine("send", environment="prod").call(
        "POST", PATH, data=ORDER, content_type="application/json"
    )
    assert (answer.status_code, answer.json["code"], answer.json["retryable"]) == (503, "not_deployed", True)


def test_a_body_without_a_length_is_refused(site: Any) -> None:
    answer = send(site, environ_overrides={"CONTENT_LENGTH": ""})
    assert (answer.status_code, answer.json["code"]) == (411, "length_required")


def test_a_body_that_breaks_off_is_refused(site: Any) -> None:
    answer = send(site, environ_overrides={"CONTENT_LENGTH": str(len(ORDER) + 1)})
    assert (answer.status_code, answer.json["code"]) == (400, "body_incomplete")
    assert stored(site) == 0


def test_a_chunked_body_with_its_digest_is_taken_in(site: Any) -> None:
    digest = base64.b64encode(hashlib.sha256(ORDER).digest()).decode()
    answer = send(
        site,
        headers={"Content-Digest": f"sha-256=:{digest}:"},
        environ_overrides={"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 202


def test_a_body_with_another_digest_is_refused(site: Any) -> None:
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    answer = send(site, headers={"Content-Digest": f"sha-256=:{digest}:"})
    assert (answer.status_code, answer.json["code"]) == (400, "body_incomplete")


@pytest.mark.parametrize("value", ["a\tb", "x" * 300, "é"])
def test_an_odd_idempotency_key_is_refused(site: Any, value: str) -> None:
    answer = send(site, headers={"Idempotency-Key": value})
    assert answer.status_code == 400
    assert stored(site) == 0


def test_exact_numbers_are_kept(site: Any) -> None:
    answer = send(site, b'{"number": "8", "quantity": "9007199254740993.10"}')
    assert answer.status_code == 202
    raw = site.machine("view").call("GET", f"/v1/messages/{answer.json['message_id']}/raw")
    assert json.loads(raw.data)["quantity"] == "9007199254740993.10"


BULK = "application/x-ndjson"


def order(number: int) -> bytes:
    return b'{"number": "%d", "priority": "1", "quantity": "3"}' % number


def test_every_line_of_a_bulk_is_a_message(site: Any) -> None:
    answer = send(site, order(1) + b"\n" + order(2) + b"\n", content_type=BULK)
    assert answer.status_code == 202
    assert (answer.json["accepted"], answer.json["duplicates"], answer.json["refused"]) == (2, 0, 0)
    assert stored(site) == 2


def test_a_bad_line_of_a_bulk_is_named_and_the_others_are_taken(site: Any) -> None:
    answer = send(site, order(1) + b"\nnot json\n" + order(1), content_type=BULK)
    assert (answer.json["accepted"], answer.json["duplicates"], answer.json["refused"]) == (1, 1, 1)
    refused = next(line for line in answer.json["lines"] if "code" in line)
    assert (refused["line"], refused["code"]) == (2, "undecodable")
    assert refused["details"][0]["line"] == 1


def test_a_bulk_without_a_good_line_is_refused(site: Any) -> None:
    answer = send(site, b"not json\n[", content_type=BULK)
    assert (answer.status_code, answer.json["code"]) == (422, "bulk_refused")
    assert [line["line"] for line in answer.json["details"]] == [1, 2]
    assert stored(site) == 0
