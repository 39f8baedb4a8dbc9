"""axe-core finds nothing serious on the main pages, in both themes; the keyboard gets everywhere."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import accessibility_faults

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

R = "/rulesets/incoming-quality"
PAGES = [
    ("ana", "/"),
    ("ana", "/rulesets"),
    ("ana", f"{R}/documentation"),
    ("ana", R),
    ("ana", f"{R}/files/maps/defect.mw"),
    ("ana", f"{R}/maps/defect_to_nonconformance"),
    ("ana", f"{R}/tables/disposition"),
    ("ana", f"{R}/lookups/defect_classes"),
    ("ana", f"{R}/rules/containment"),
    ("ana", f"{R}/flows/incoming_nonconformance"),
    ("ana", f"{R}/bring-in"),
    ("ana", f"{R}/history/maps/defect.mw"),
    ("ana", f"{R}/tests"),
    ("ana", f"{R}/release"),
    ("ana", "/reference/functions/round"),
    ("ana", "/reference/diagnostics/M203"),
    ("ivan", "/releases"),
    ("olga", "/messages"),
    ("olga", "/problems"),
    ("olga", "/replays"),
    ("olga", "/replays/new"),
    ("olga", "/connections"),
    ("olga", "/search?q=defect"),
    ("adam", "/people"),
    ("ana", "/nowhere"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_have_no_serious_fault(visit, theme):
    pages, faults = {}, {}
    for login, path in PAGES:
        page = pages.get(login) or pages.setdefault(login, visit(login, "/", theme))
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = accessibility_faults(page)
        if found:
            faults[path] = found
    assert not faults


def test_the_login_page_has_no_serious_fault(house, chromium):
    page = chromium.new_page(base_url=house.url)
    page.goto("/login")
    assert accessibility_faults(page) == []
    page.close()


def test_ctrl_k_goes_to_the_search(visit):
    page = visit("ana", "/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("disposition")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="disposition", exact=True).click()
    expect(page.get_by_role("heading", name="disposition")).to_be_visible()


def test_a_menu_is_opened_and_closed_by_keyboard(visit):
    page = visit("ana", "/")
    menu = page.locator("details.menu", has_text="Environment")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("button", name="test")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("button", name="test")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_the_dark_theme_is_kept(visit):
    page = visit("ana", "/")
    page.locator("summary", has_text="Ana Analyst").click()
    page.get_by_role("button", name="Dark theme").click()
    page.goto("/releases")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
