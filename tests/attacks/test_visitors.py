"""Attack case 4 by HTTP: nobody without the right to edit makes the server look at a rule."""

from typing import Any

import pytest

from tests.website import furnished, site

__all__ = ["furnished", "site"]
COSTLY = b'{"files": {"maps/orders.mw": "' + b"(" * 200_000 + b'"}}'
PATHS = ["check", "run", "test", "release"]


@pytest.mark.parametrize("path", PATHS)
def test_4_without_a_log_in_nothing_is_parsed(site: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr("dsl.checker.check", lambda files, samples=None: parsed.append("checked"))
    answer = site.app.test_client().post(
        f"/v1/rulesets/orders/{path}", data=COSTLY, content_type="application/json"
    )
    assert (answer.status_code, parsed) == (401, [])


@pytest.mark.parametrize("path", ["release"])
@pytest.mark.parametrize("login", ["olga", "ivan"])
def test_4_who_may_not_edit_releases_nothing(
    site: Any, path: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr("dsl.checker.check", lambda files, samples=None: parsed.append("checked"))
    answer = site.visitor(login).call(
        "POST", f"/v1/rulesets/orders/{path}", data=COSTLY, content_type="application/json"
    )
    assert (answer.status_code, parsed) == (403, [])


@pytest.mark.parametrize("path", ["check", "run", "test"])
def test_4_a_token_that_may_not_edit_checks_nothing(
    site: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr("dsl.checker.check", lambda files, samples=None: parsed.append("checked"))
    answer = site.machine("send").call(
        "POST", f"/v1/rulesets/orders/{path}", data=COSTLY, content_type="application/json"
    )
    assert (answer.status_code, parsed) == (403, [])
