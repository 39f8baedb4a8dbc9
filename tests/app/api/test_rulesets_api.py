"""Rule sets by HTTP: files with ETag, check, run, test, release."""

from typing import Any

import pytest

FILES = "/v1/rulesets/orders/files"
MAP = f"{FILES}/maps/orders.mw"


def etag(visitor: Any, path: str = MAP) -> str:
    return str(visitor.call("GET", path).headers["ETag"])


def write(visitor: Any, text: str, tag: str, path: str = MAP) -> Any:
    return visitor.call("PUT", path, data=text.encode(), headers={"If-Match": tag})


def test_a_file_is_read_with_its_etag_and_author(site: Any) -> None:
    answer = site.visitor("ana").call("GET", MAP)
    assert b"map order_to_work" in answer.data
    assert answer.headers["ETag"] and answer.headers["X-Updated-By"] == "ana"


def test_an_unchanged_file_is_not_sent_again(site: Any) -> None:
    ana = site.visitor("ana")
    assert ana.call("GET", MAP, headers={"If-None-Match": etag(ana)}).status_code == 304


def test_a_file_is_never_shown_as_a_page(site: Any) -> None:
    ana = site.visitor("ana")
    ana.call("PUT", f"{FILES}/x.html", data=b"<script>alert(1)</script>", headers={"If-None-Match": "*"})
    answer = ana.call("GET", f"{FILES}/x.html")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment"


def test_a_write_with_the_etag_that_was_read_succeeds(site: Any) -> None:
    ana = site.visitor("ana")
    answer = write(ana, "# new\n", etag(ana))
    assert answer.status_code == 200
    assert etag(ana) == answer.headers["ETag"]


def test_a_write_over_somebody_elses_change_is_refused(site: Any) -> None:
    ana = site.visitor("ana")
    old = etag(ana)
    write(ana, "# one\n", old)
    answer = write(ana, "# two\n", old)
    assert (answer.status_code, answer.json["code"]) == (412, "edit_conflict")


def test_a_write_must_say_what_it_has_read(site: Any) -> None:
    answer = site.visitor("ana").call("PUT", MAP, data=b"x")
    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")


def test_a_path_out_of_the_rule_set_is_refused(site: Any) -> None:
    answer = site.visitor("ana").call(
        "PUT", f"{FILES}/..%2f..%2fetc%2fpasswd", data=b"x", headers={"If-None-Match": "*"}
    )
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize("login", ["ivan", "olga", "adm"])
def test_only_analysts_write(site: Any, login: str) -> None:
    visitor = site.visitor(login)
    assert write(visitor, "x", etag(visitor)).status_code == 403


def test_check_answers_every_diagnostic_of_an_unsaved_text(site: Any) -> None:
    answer = site.visitor("ana").call(
        "POST", "/v1/rulesets/orders/check", json={"files": {"maps/orders.mw": "map nonsense\nend\n"}}
    )
    assert answer.status_code == 200 and answer.json["ok"] is False
    assert {"code", "message", "file", "line", "column"} <= set(answer.json["diagnostics"][0])


def test_check_without_a_change_is_clean(site: Any) -> None:
    assert site.visitor("ana").call("POST", "/v1/rulesets/orders/check", json={}).json["ok"] is True


def test_a_check_does_not_store_the_text(site: Any) -> None:
    ana = site.visitor("ana")
    before = etag(ana)
    ana.call("POST", "/v1/rulesets/orders/check", json={"files": {"maps/orders.mw": "x"}})
    assert etag(ana) == before


@pytest.mark.parametrize("subject", ["orders", "order_to_work"])
def test_run_shows_what_a_flow_or_map_makes_of_a_sample(site: Any, subject: str) -> None:
    answer = site.visitor("ana").call(
        "POST", "/v1/rulesets/orders/run", json={"subject": subject, "sample": "order.json"}
    )
    assert answer.status_code == 200, answer.json
    assert answer.json["event"]["id"] == "WO-1001"


def test_run_on_a_sample_that_is_not_there_names_those_that_are(site: Any) -> None:
    answer = site.visitor("ana").call(
        "POST", "/v1/rulesets/orders/run", json={"subject": "orders", "sample": "nothing.json"}
    )
    assert (answer.status_code, answer.json["code"]) == (422, "sample_invalid")
    assert answer.json["details"] == [{"known": ["order.json"]}]


def test_run_of_a_rule_set_with_errors_says_so(site: Any) -> None:
    answer = site.visitor("ana").call(
        "POST",
        "/v1/rulesets/orders/run",
        json={"subject": "orders", "sample": "order.json", "files": {"maps/orders.mw": "map x"}},
    )
    assert (answer.status_code, answer.json["code"]) == (422, "not_runnable")


def test_the_tests_are_run(site: Any) -> None:
    answer = site.visitor("ana").call("POST", "/v1/rulesets/orders/test", json={})
    assert answer.status_code == 200
    assert [result["passed"] for result in answer.json["tests"]] == [True]


def test_a_release_is_cut_and_listed(site: Any) -> None:
    ana = site.visitor("ana")
    text = ana.call("GET", MAP).text
    write(ana, f"{text}\n# changed\n", etag(ana))
    made = ana.call("POST", "/v1/rulesets/orders/release", json={"note": "second"})
    assert made.status_code == 201, made.json
    listed = ana.call("GET", "/v1/releases?ruleset=orders").json["items"]
    assert [one["number"] for one in listed] == [2, 1] and listed[0]["id"] == made.json["id"]


def test_a_release_with_errors_is_refused(site: Any) -> None:
    ana = site.visitor("ana")
    write(ana, "map nonsense\nend\n", etag(ana))
    answer = ana.call("POST", "/v1/rulesets/orders/release", json={})
    assert (answer.status_code, answer.json["code"]) == (422, "release_refused")


def test_a_release_with_a_failing_test_is_refused(site: Any) -> None:
    ana = site.visitor("ana")
    path = f"{FILES}/tests/orders.mw"
    text = ana.call("GET", path).text.replace("WO-1001", "WO-9999")
    assert write(ana, text, etag(ana, path), path).status_code == 200
    answer = ana.call("POST", "/v1/rulesets/orders/release", json={})
    assert (answer.status_code, answer.json["code"]) == (422, "release_refused")
    assert "tests" in str(answer.json["details"])


@pytest.mark.parametrize("path", ["check", "run", "test", "release"])
def test_without_a_log_in_nothing_is_looked_at(site: Any, path: str) -> None:
    answer = site.app.test_client().post(f"/v1/rulesets/orders/{path}", data=b"[" * 100_000)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"files": {}, "by": "ivan"}', 422, "arguments_invalid"),
        (b'{"files": []}', 422, "arguments_invalid"),
        (b'{"files": {"a.mw": 1}}', 422, "arguments_invalid"),
        (b"[" * 100_000, 400, "not_json"),
        (b'{"files": {}, "files": {}}', 400, "not_json"),
        (b"NaN", 400, "not_json"),
        (b"\xff", 400, "not_json"),
        (b"[]", 422, "arguments_invalid"),
    ],
)
def test_odd_arguments_are_refused(site: Any, body: bytes, status: int, code: str) -> None:
    answer = site.visitor("ana").call(
        "POST", "/v1/rulesets/orders/check", data=body, content_type="application/json"
    )
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_token_with_the_capability_works_on_rule_sets(site: Any) -> None:
    machine = site.machine("view", "edit")
    tag = machine.call("GET", MAP).headers["ETag"]
    assert machine.call("PUT", MAP, data=b"# x\n", headers={"If-Match": tag}).status_code == 200


def test_the_author_of_a_change_by_token_is_the_person_behind_it(site: Any) -> None:
    machine = site.machine("view", "edit")
    tag = machine.call("GET", MAP).headers["ETag"]
    machine.call("PUT", MAP, data=b"# x\n", headers={"If-Match": tag})
    assert machine.call("GET", MAP).headers["X-Updated-By"] == "adm"


def test_where_used_names_the_uses_of_a_field(site: Any) -> None:
    answer = site.visitor("ana").call("GET", "/v1/rulesets/orders/where-used?of=shop.order.number")
    assert answer.status_code == 200 and answer.json["count"] == len(answer.json["uses"]) > 0
    assert {"kind", "words", "way", "file", "line"} <= set(answer.json["uses"][0])


def test_where_used_of_nothing_is_a_problem(site: Any) -> None:
    answer = site.visitor("ana").call("GET", "/v1/rulesets/orders/where-used?of=shop.nothing")
    assert (answer.status_code, answer.json["code"]) == (422, "unknown_subject")


def test_versions_of_a_schema_are_compared_in_words(site: Any) -> None:
    ana = site.visitor("ana")
    text = b'{"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}'
    old = text.replace(b', "required": ["number"]', b"")
    for version, content in (("v1", old), ("v2", text)):
        ana.call(
            "PUT", f"{FILES}/schemas/shop.extra@{version}.json", data=content, headers={"If-None-Match": "*"}
        )
    (found,) = ana.call("GET", "/v1/rulesets/orders/compatibility").json["items"]
    assert (found["old"], found["new"], found["backward"], found["forward"]) == ("v1", "v2", False, True)
    assert (
        found["changes"][0]["sentence"]
        == "`number` became required: messages of v1 without it will be refused."
    )
