"""Sessions of people: cookie flags, fixation, CSRF, the end of a session, security headers."""

from typing import Any

import pytest

from app.factory import create_app
from app.security import accounts
from app.settings import Settings
from app.wiring import wire
from tests.website import PASSWORD, Visitor

CHECK = "/v1/rulesets/orders/check"


def cookie(answer: Any) -> str:
    return next(c for c in answer.headers.getlist("Set-Cookie") if "mapwright=" in c.split(";")[0])


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Any) -> None:
    flags = cookie(site.visitor().log_in("ana")).lower()
    assert "httponly" in flags and "samesite=lax" in flags and "secure" not in flags


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(site: Any, tmp_path: Any) -> None:
    settings = site.installation.settings
    https = Settings(
        home=settings.home, secret_keys=settings.secret_keys, public_url="https://mapwright.example"
    )
    installation = wire(https)
    client = create_app(installation).test_client()
    answer = client.get("/login", base_url="https://mapwright.example")
    installation.close()
    flags = cookie(answer)
    assert flags.startswith("__Host-mapwright=") and "Secure" in flags and "Path=/" in flags
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_log_in_starts_a_new_session(site: Any) -> None:
    visitor = site.visitor()
    planted = visitor.token_of("/login")
    before = visitor.client.get_cookie("mapwright").value
    visitor.log_in("ana")
    after = visitor.client.get_cookie("mapwright").value
    assert after != before
    answer = visitor.client.post(CHECK, json={}, headers={"X-CSRF-Token": planted})
    assert answer.json["code"] == "csrf_refused"


def test_a_wrong_password_starts_no_session(site: Any) -> None:
    visitor = site.visitor()
    assert visitor.log_in("ana", "wrong").status_code == 401
    assert visitor.client.get("/v1/messages").status_code == 401


def test_log_in_needs_the_token_of_its_own_session(site: Any) -> None:
    answer = site.app.test_client().post("/login", data={"login": "ana", "password": PASSWORD})
    assert answer.status_code == 400


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_change_without_the_csrf_token_is_refused(site: Any, token: str) -> None:
    visitor = site.visitor("ana")
    visitor.csrf = token
    answer = visitor.call("POST", CHECK, json={})
    assert (answer.status_code, answer.json["code"]) == (400, "csrf_refused")


def test_the_csrf_token_of_somebody_else_is_refused(site: Any) -> None:
    ana, ivan = site.visitor("ana"), site.visitor("ivan")
    ana.csrf = ivan.csrf
    assert ana.call("POST", CHECK, json={}).json["code"] == "csrf_refused"


def test_a_change_with_the_csrf_token_is_done(site: Any) -> None:
    assert site.visitor("ana").call("POST", CHECK, json={}).status_code == 200


def test_a_wrong_bearer_token_is_not_replaced_by_the_session(site: Any) -> None:
    visitor = site.visitor("ana")
    answer = visitor.call("POST", CHECK, json={}, headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json["code"]) == (401, "token_refused")


def test_logging_out_ends_every_copy_of_the_session(site: Any) -> None:
    visitor = site.visitor("ana")
    stolen = visitor.client.get_cookie("mapwright").value
    visitor.client.post("/logout", data={"csrf_token": visitor.csrf})
    thief = site.app.test_client()
    thief.set_cookie("mapwright", stolen)
    assert thief.get("/v1/messages").status_code == 401


def test_other_roles_end_the_session(site: Any) -> None:
    visitor = site.visitor("ana")
    with site.installation.database.begin() as tx:
        accounts.set_roles(tx, "ana", ["reviewer"], "adm")
    assert visitor.client.get("/v1/messages").status_code == 401


def test_a_locked_account_is_out_at_once(site: Any) -> None:
    visitor = site.visitor("ana")
    with site.installation.database.begin() as tx:
        accounts.set_active(tx, "ana", False, "adm")
    assert visitor.client.get("/v1/messages").status_code == 401


def test_a_forged_cookie_is_nobody(site: Any) -> None:
    client = site.app.test_client()
    client.set_cookie("mapwright", "eyJfdXNlcl9pZCI6IjF8YWRtIn0.forged.forged")
    assert client.get("/v1/messages").status_code == 401


def test_a_cookie_of_the_key_before_still_counts(site: Any) -> None:
    visitor = site.visitor("ana")
    old = visitor.client.get_cookie("mapwright").value
    settings = site.installation.settings
    rotated = wire(
        Settings(home=settings.home, secret_keys=("a new key in front of it", *settings.secret_keys))
    )
    client = create_app(rotated).test_client()
    client.set_cookie("mapwright", old)
    answer = client.get("/v1/messages")
    rotated.close()
    assert answer.status_code == 200


def test_guessing_is_answered_429_with_the_time_to_wait(site: Any) -> None:
    visitor = site.visitor()
    answers = [visitor.log_in("ana", "wrong") for _ in range(11)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/login", "/docs", "/v1/messages", "/health/live", "/no/such/page"])
def test_every_answer_carries_the_security_headers(site: Any, path: str) -> None:
    headers = site.app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_every_answer_has_a_nonce_of_its_own(site: Any) -> None:
    client = site.app.test_client()
    first, second = (client.get("/docs").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_log_in_does_not_lead_to_another_site(site: Any, target: str) -> None:
    answer = site.visitor().log_in("ana", next=target)
    assert answer.headers["Location"] == "/"


def test_a_form_too_large_is_refused(site: Any) -> None:
    client: Visitor = site.visitor()
    assert client.log_in("ana", "x" * 11_000_000).status_code == 413
