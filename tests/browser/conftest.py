"""A real Chromium on a running installation; each person has a window of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.finding import INSTALL, find_browser
from tests.browser.serving import PASSWORD, House, open_house

SIZE = {"width": 1280, "height": 800}
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for all browser tests."""
    opened = open_house(tmp_path_factory.mktemp("house"))
    yield opened
    opened.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = find_browser()
    if path is None:
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(house: House, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """`visit("ana", "/rulesets")` opens a page as somebody; errors on the console fail the test."""
    contexts, complaints = [], []
    expect.set_options(timeout=30_000)

    def open_page(login: str, path: str = "/", theme: str = "light") -> Page:
        context = chromium.new_context(viewport=SIZE, color_scheme=theme, base_url=house.url)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if _is_fault(message) else None)
        page.goto(f"/login?next={quote(path)}")
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def _is_fault(message: Any) -> bool:
    """Errors of scripts and of the content security policy; refused requests are part of some tests."""
    return message.type == "error" and "Failed to load resource" not in message.text


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds serious on the page."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
