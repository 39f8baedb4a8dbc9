"""Promotions at a set time, in the browser: scheduled by the page's clocks, seen, called off."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.design import releases
from app.scheduling import scheduled
from app.storage.audit import latest_rows
from tests.app.web.test_release_pages import cut

__all__ = ["cut"]

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)


@pytest.fixture
def page(cut: Callable[[str], str], ana: Any) -> str:
    """A release that is live in dev and may go to test."""
    made = cut("A")
    ana.post(f"{made}/promote", {"environment": "dev"})
    return made


def ask(person: Any, page: str, **more: str) -> str:
    form = {"environment": "test", "live": "", "zone": "UTC", "at": f"{TOMORROW:%Y-%m-%dT%H:%M}"}
    return str(
        person.post(f"{page}/schedule", {**form, "reason": "at night", **more}, follow_redirects=True).text
    )


def waiting(installation: Any) -> list[dict[str, Any]]:
    with installation.database.read() as tx:
        return [one for one in scheduled(tx, "test") if one["state"] == "waiting"]


def test_ivan_schedules_sees_and_calls_off(browse: Any, page: str, installation: Any) -> None:
    ivan = browse("ivan")
    said = ask(ivan, page)
    assert "becomes live in test at its time" in said
    assert "waits for its time" in said and "scheduled by ivan: at night" in said
    (one,) = waiting(installation)
    assert one["at"] == TOMORROW
    assert "waits for its time" in ivan.get("/releases").text
    here = f"/environments/test/scheduled/{one['id']}/cancel"
    assert (
        "Not called off" in ivan.post(here, {"reason": " ", "next": "/releases"}, follow_redirects=True).text
    )
    said = ivan.post(here, {"reason": "inventory", "next": "/releases"}, follow_redirects=True).text
    assert "Called off: r1 of orders" in said and "cancelled by ivan: inventory" in said
    assert (
        "Not called off"
        in ivan.post(here, {"reason": "again", "next": "/releases"}, follow_redirects=True).text
    )
    with installation.database.read() as tx:
        assert [row.what for row in latest_rows(tx, limit=2)] == ["promotion.cancel", "promotion.schedule"]


def test_the_time_is_read_by_the_clocks_of_the_page(browse: Any, page: str, installation: Any) -> None:
    ask(browse("ivan"), page, zone="Europe/Berlin")
    local = TOMORROW.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert waiting(installation)[0]["at"] == local


def test_a_form_sent_twice_schedules_once(browse: Any, page: str, installation: Any) -> None:
    ivan = browse("ivan")
    ask(ivan, page)
    ask(ivan, page)
    assert len(waiting(installation)) == 1


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2020-01-01T06:00", "2020-01-01 06:00 UTC is over"),
        ("2099-01-01T06:00", "more than a year ahead"),
        ("tomorrow", "tomorrow is no time"),
        ("", "say when"),
    ],
)
def test_a_time_that_does_not_go_says_why(
    browse: Any, page: str, installation: Any, at: str, words: str
) -> None:
    assert words in ask(browse("ivan"), page, at=at)
    assert waiting(installation) == []


def test_an_hour_that_the_clocks_skip_is_refused(browse: Any, page: str) -> None:
    said = ask(browse("ivan"), page, zone="Europe/Berlin", at="2027-03-28T02:30")
    assert "does not exist in Europe/Berlin" in said


def test_what_is_live_already_is_not_scheduled(browse: Any, page: str, ana: Any) -> None:
    assert "is live in dev already" in ask(ana, page, environment="dev")


def test_who_may_not_promote_may_not_schedule_or_call_off(browse: Any, page: str, installation: Any) -> None:
    olga = browse("olga")
    assert olga.post(f"{page}/schedule", {"environment": "test"}).status_code == 403
    ask(browse("ivan"), page)
    (one,) = waiting(installation)
    assert "Call off" not in olga.get("/releases").text
    assert olga.post(f"/environments/test/scheduled/{one['id']}/cancel", {"reason": "x"}).status_code == 403


def test_an_empty_list_says_how_one_is_made(browse: Any) -> None:
    assert re.search("None. To have a release become live at night", browse("ivan").get("/releases").text)


def test_a_release_that_is_no_more_scheduled_for_is_found(browse: Any, page: str, installation: Any) -> None:
    ask(browse("ivan"), page)
    with installation.database.read() as tx:
        assert waiting(installation)[0]["release"] == releases.list_releases(tx, "orders")[0].id
