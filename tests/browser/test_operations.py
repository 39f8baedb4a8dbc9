"""What people do with connections and promotions in the browser: usable in both themes and on a telephone."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from app.demo.setup import RULESET
from app.design import promotions, releases, rulesets
from tests.browser.conftest import accessibility_faults

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NARROW = {"width": 390, "height": 844}
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(scope="module")
def release(house):
    """A release that is live in dev and may go to test."""
    with house.installation.database.begin() as tx:
        path = "maps/note.mw"
        rulesets.write_file(tx, RULESET, path, b"# a note of the shift\n", "ana", "")
        record = releases.cut_release(tx, RULESET, "ana", "a note")
        promotions.promote(tx, record.id, "dev", "ana", "try-out")
    return record


def in_environment(page, name):
    page.locator("summary", has_text=re.compile("Environment|^(dev|test|prod)$")).first.click()
    page.get_by_role("button", name=name, exact=True).click()


def assert_fits(page):
    """Nothing is wider than the window, and axe has nothing to say, as it is and on a telephone."""
    assert accessibility_faults(page) == []
    size = page.viewport_size
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert accessibility_faults(page) == []
    page.set_viewport_size(size)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ivan_schedules_a_promotion_and_calls_it_off(visit, release, theme):
    page = visit("ivan", f"/releases/{release.id}?environment=test", theme)
    page.locator("summary", has_text="At a set time").click()
    assert_fits(page)
    page.get_by_label("Day and time").fill(f"{TOMORROW:%Y-%m-%d}T06:00")
    page.get_by_label("Why then").fill("after the night shift")
    page.get_by_role("button", name=re.compile("^Schedule")).click()
    expect(page.get_by_text("waits for its time").first).to_be_visible()
    assert_fits(page)
    page.goto("/releases")
    expect(page.get_by_text("waits for its time").first).to_be_visible()
    assert_fits(page)
    page.get_by_label(re.compile("Reason for calling r.* in test off")).fill("stock-taking")
    page.get_by_role("button", name=re.compile("Call off r.* in test")).click()
    expect(page.get_by_text("does not become live by itself")).to_be_visible()
    assert accessibility_faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_olga_tests_a_connection_and_holds_back_what_is_made_for_it(visit, theme):
    page = visit("olga", "/connections", theme)
    row = page.get_by_role("row", name=re.compile("erp.inventory_hold"))
    row.get_by_role("button", name="Test erp.inventory_hold").click()
    expect(page.get_by_text(re.compile("^erp.inventory_hold .*")).first).to_be_visible()
    assert_fits(page)
    row.get_by_label("Reason for erp.inventory_hold").fill("the ERP is updated")
    row.get_by_role("button", name=re.compile("^Hold back what is made")).click()
    expect(row.get_by_text("held back", exact=True)).to_be_visible()
    assert_fits(page)
    row.get_by_label("Reason for erp.inventory_hold").fill("done")
    row.get_by_role("button", name=re.compile("^No longer hold back")).click()
    expect(row.get_by_text("held back", exact=True)).to_have_count(0)


def test_the_form_of_a_replay_asks_by_the_clocks_of_the_pages(visit):
    page = visit("olga", "/replays/new")
    expect(page.get_by_text("By the clocks of Europe/Berlin.")).to_have_count(2)
    expect(page.get_by_text("times in Europe/Berlin")).to_be_visible()
    assert_fits(page)
