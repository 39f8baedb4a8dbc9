"""Olga repairs and replays in the browser: every page of it is usable, in both themes and by everybody."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import accessibility_faults
from tests.browser.test_three_people import defect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def settled(page, path, words):
    """Open a page again until it says so: a worker is behind it."""
    for _ in range(40):
        page.goto(path)
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{path} never said {words}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_olga_repairs_and_replays(house, visit, theme):
    number = f"NC-R-{theme}"
    message = house.send(defect(number, InspectionLot=""))
    page = visit("olga", f"/messages/{message}", theme)
    page.locator("summary", has_text="Environment").click()
    page.get_by_role("button", name="prod").click()
    settled(page, f"/messages/{message}", "Held: a person has to decide.")
    page.goto("/problems")
    assert accessibility_faults(page) == []
    page.get_by_role("link", name=re.compile("Edit and retry.*" + number)).first.click()
    body = page.get_by_label("Body as it came in")
    body.fill(body.input_value().replace('"InspectionLot": ""', '"InspectionLot": "010000004711"'))
    page.get_by_role("button", name="Look what changes").click()
    expect(page.get_by_text("It would be done")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_label("Reason").fill("the lot was missing")
    page.get_by_role("button", name="Replace it and run").click()
    expect(page.get_by_text("the original is discarded and linked")).to_be_visible()
    edited = page.url
    settled(page, edited, re.compile("Processed;"))

    page.goto(f"/messages?key=notification:{number}&state=done")
    page.get_by_role("link", name="Replay these").click()
    assert accessibility_faults(page) == []
    page.get_by_label("Reason").fill("a drill")
    page.get_by_role("button", name="Look what would come of it").click()
    expect(page.get_by_text("Nothing is sent yet")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("button", name=re.compile("Replay 1 in prod")).click()
    expect(page.get_by_text("Done: 1 of 1")).to_be_visible()
    page.goto("/replays")
    assert accessibility_faults(page) == []
