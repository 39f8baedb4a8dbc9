"""What the test of a connection says, and that it leaves nothing at the other side."""

import os

import pytest

from connectors.contract import Trying
from connectors.errors import SettingsError
from connectors.registry import transports

SECONDS = 5.0


def outcome(name, settings, side="sink"):
    made = getattr(transports()[name], side)(settings)
    try:
        assert isinstance(made, Trying)
        return made.test(SECONDS)
    finally:
        made.close()


def http(target, **more):
    return {"url": target.url, "allow_private": True, **more}


@pytest.mark.parametrize("status", [200, 204, 301, 404, 405, 501])
def test_any_answer_to_options_says_that_the_target_is_there(target, status):
    target.answer = lambda handler: handler.reply(status)
    assert outcome("http", http(target)).result == "works"
    assert [request["method"] for request in target.requests] == ["OPTIONS"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_target_that_says_it_does_not_work_fails(target, status):
    target.answer = lambda handler: handler.reply(status)
    found = outcome("http", http(target))
    assert found.result == "failing" and f"HTTP {status}" in found.detail


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_not_accepted_is_said(target, status):
    target.answer = lambda handler: handler.reply(status)
    found = outcome("http", http(target, auth="bearer", token="wrong"))
    assert found.result == "refused" and "login" in found.detail
    assert target.requests[0]["headers"]["Authorization"] == "Bearer wrong"
    assert "wrong" not in found.detail


@pytest.mark.parametrize(("status", "result"), [(200, "works"), (404, "failing"), (503, "failing")])
def test_a_declared_address_has_to_answer_well(target, status, result):
    target.answer = lambda handler: handler.reply(status)
    found = outcome("http", http(target, test_url=target.url.replace("/in", "/health")))
    assert found.result == result
    assert [(r["method"], r["path"]) for r in target.requests] == [("GET", "/health")]


def test_a_declared_address_on_another_host_is_refused(target):
    with pytest.raises(SettingsError, match="same host"):
        outcome("http", http(target, test_url="http://elsewhere.example/health"))


def test_a_rule_s_address_is_not_asked(target):
    assert outcome("http", http(target) | {"url": target.url + "/{to}"}).result == "works"
    assert target.requests[0]["path"] == "/"


def test_nobody_there_and_an_address_that_is_not_allowed(target, unused_url):
    assert outcome("http", {"url": unused_url, "allow_private": True}).result == "failing"
    assert outcome("http", {"url": target.url}).result == "refused" and not target.requests


def test_a_poll_is_tested_without_fetching(target):
    assert outcome("http", http(target), "source").result == "works"
    assert [request["method"] for request in target.requests] == ["OPTIONS"]


@pytest.mark.parametrize("side", ["sink", "source"])
def test_a_folder_is_as_it_was_before(tmp_path, side):
    outcome("file", {"folder": str(tmp_path)}, side)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    assert outcome("file", {"folder": str(tmp_path)}, side).result == "works"
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_must_not_be_written_fails(tmp_path):
    made = transports()["file"].sink({"folder": str(tmp_path)})
    tmp_path.chmod(0o500)
    try:
        assert made.test(SECONDS).result == "failing"
    finally:
        tmp_path.chmod(0o700)
        made.close()


def test_a_folder_that_is_gone_fails(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    made = transports()["file"].sink({"folder": str(folder)})
    (folder / ".delivered").rmdir()
    folder.rmdir()
    assert made.test(SECONDS).result == "failing"
    made.close()
