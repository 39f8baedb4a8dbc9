"""Environments by HTTP: plan, promote, roll back, bindings; the rules hold at this door too."""

import json
from typing import Any

import pytest

from app.storage import audit as stored_audit
from app.storage import environments, releases


def first(site: Any) -> str:
    with site.installation.database.read() as connection:
        return releases.release_records(connection, "orders")[0].id


def promote(visitor: Any, site: Any, stage: str, **more: Any) -> Any:
    body = {"release": first(site), "reason": "tested", **more}
    return visitor.call("POST", f"/v1/environments/{stage}/promote", json=body)


def whats(site: Any) -> list[tuple[str, str]]:
    with site.installation.database.read() as connection:
        return [(row.who, row.what) for row in stored_audit.rows(connection)]


def test_the_chain_is_listed_with_what_is_live(site: Any) -> None:
    items = site.visitor("ana").call("GET", "/v1/environments").json["items"]
    assert [one["name"] for one in items] == ["dev", "test", "prod"]
    assert items[0]["live"][0]["number"] == 1 and items[1]["live"] == []


def test_a_reviewer_promotes_along_the_chain(site: Any) -> None:
    ivan = site.visitor("ivan")
    assert [promote(ivan, site, stage).status_code for stage in ("test", "prod")] == [200, 200]


def test_an_author_is_refused_and_that_is_audited(site: Any) -> None:
    with site.installation.database.begin() as tx:
        from app.security import accounts

        accounts.set_roles(tx, "ana", ["analyst", "reviewer"], "adm")
    answer = promote(site.visitor("ana"), site, "test")
    assert (answer.status_code, answer.json["code"]) == (403, "own_change")
    assert ("ana", "promote.refused") in whats(site)


def test_an_analyst_cannot_promote_beyond_the_try_out(site: Any) -> None:
    answer = promote(site.visitor("ana"), site, "test")
    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")


def test_a_skipped_stage_is_refused(site: Any) -> None:
    answer = promote(site.visitor("ivan"), site, "prod")
    assert (answer.status_code, answer.json["code"]) == (409, "stage_skipped")


def test_an_outdated_plan_is_refused(site: Any) -> None:
    answer = promote(site.visitor("ivan"), site, "test", expected_live="0" * 64)
    assert (answer.status_code, answer.json["code"]) == (409, "pointer_moved")


@pytest.mark.parametrize("extra", [{"by": "olga"}, {"approved_by": "olga"}, {"on_behalf_of": "olga"}])
def test_nobody_can_say_who_they_are_in_the_body(site: Any, extra: dict[str, str]) -> None:
    answer = promote(site.visitor("ivan"), site, "test", **extra)
    assert (answer.status_code, answer.json["code"]) == (422, "arguments_invalid")


def test_a_plan_shows_the_changes(site: Any) -> None:
    plan = site.visitor("ivan").call("POST", "/v1/environments/test/plan", json={"release": first(site)}).json
    assert plan["authors"] == ["ana"] and plan["obstacles"] == [] and plan["files"]


def test_a_rollback_needs_a_reason(site: Any) -> None:
    answer = site.visitor("ivan").call("POST", "/v1/environments/dev/rollback", json={"ruleset": "orders"})
    assert (answer.status_code, answer.json["code"]) == (422, "arguments_invalid")


def test_an_operator_rolls_back(site: Any) -> None:
    ana, text_path = site.visitor("ana"), "/v1/rulesets/orders/files/maps/orders.mw"
    before = ana.call("GET", text_path)
    ana.call("PUT", text_path, data=before.data + b"\n# x\n", headers={"If-Match": before.headers["ETag"]})
    old = first(site)
    ana.call("POST", "/v1/rulesets/orders/release", json={})
    assert promote(ana, site, "dev").status_code == 200
    answer = site.visitor("olga").call(
        "POST", "/v1/environments/dev/rollback", json={"ruleset": "orders", "reason": "wrong units"}
    )
    assert answer.status_code == 200 and answer.json["to_release"] == old


def test_a_secret_goes_in_and_never_comes_out(site: Any) -> None:
    adm = site.visitor("adm")
    answer = adm.call(
        "PUT",
        "/v1/environments/dev/bindings/plant.work_order",
        json={"transport": "http", "settings": {"url": "http://127.0.0.1:9/", "token": "s3cret-canary"}},
    )
    assert answer.status_code == 200, answer.json
    listed = adm.call("GET", "/v1/environments/dev/bindings")
    assert listed.json["items"][0]["has_secrets"] is True
    with site.installation.database.read() as connection:
        bound = environments.binding(connection, "dev", "plant.work_order")
        told = json.dumps([row.as_json() for row in stored_audit.rows(connection)])
    everything = answer.text + listed.text + told + repr(bound)
    assert "s3cret-canary" not in everything


def test_a_binding_with_unknown_settings_is_refused(site: Any) -> None:
    answer = site.visitor("adm").call(
        "PUT",
        "/v1/environments/dev/bindings/plant.work_order",
        json={"transport": "http", "settings": {"adress": "x"}},
    )
    assert (answer.status_code, answer.json["code"]) == (422, "binding_invalid")


@pytest.mark.parametrize("login", ["ana", "ivan", "olga"])
def test_only_administrators_bind(site: Any, login: str) -> None:
    answer = site.visitor(login).call(
        "PUT", "/v1/environments/dev/bindings/plant.work_order", json={"transport": "http"}
    )
    assert answer.status_code == 403


def test_a_release_that_is_not_there_is_named_beside_the_latest(site: Any) -> None:
    body = {"release": "0" * 64, "reason": "tested"}
    answer = site.visitor("ivan").call("POST", "/v1/environments/test/promote", json=body)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert f"{first(site)[:12]} (orders r" in answer.json["detail"]


def test_a_mistyped_environment_is_guessed_where_lists_were_empty(site: Any) -> None:
    ivan = site.visitor("ivan")
    for place in ("messages?environment=prdo", "lanes?environment=prdo", "environments/prdo"):
        answer = ivan.call("GET", f"/v1/{place}")
        assert answer.status_code == 404 and "did you mean prod?" in answer.json["detail"], place


def test_an_unknown_environment_is_not_found(site: Any) -> None:
    answer = site.visitor("ivan").call("POST", "/v1/environments/nowhere/plan", json={"release": first(site)})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
