"""Every page renders for those who may see it, and is refused to the others."""

import re

import pytest

READ = [
    "/",
    "/rulesets",
    "/rulesets/orders",
    "/rulesets/orders/files/maps/orders.mw",
    "/rulesets/orders/files/ruleset.toml",
    "/rulesets/orders/maps/order_to_work",
    "/rulesets/orders/maps/to_plant",
    "/rulesets/orders/lookups/urgencies",
    "/rulesets/orders/rules/planning",
    "/rulesets/orders/flows/orders",
    "/rulesets/orders/tests",
    "/rulesets/orders/history/maps/orders.mw",
    "/releases",
    "/messages",
    "/messages?state=dead&key=order:1",
    "/problems",
    "/connections",
    "/search?q=order",
    "/rulesets/orders/where-used",
    "/rulesets/orders/versions",
    "/rulesets/orders/where-used?of=shop.order",
    "/rulesets/orders/where-used?of=nowhere",
]


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("login", ["ana", "ivan", "olga", "adam"])
def test_pages_render_for_every_role(browse, login, path):
    assert browse(login).get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/rulesets/orders/release", {"ana"}), ("/rulesets/orders/bring-in", {"ana"}), ("/people", {"adam"})],
)
@pytest.mark.parametrize("login", ["ana", "ivan", "olga", "adam"])
def test_pages_of_a_role_are_refused_to_others(browse, login, path, allowed):
    assert browse(login).get(path).status_code == (200 if login in allowed else 403)


@pytest.mark.parametrize("path", [*READ, "/rulesets/orders/release"])
def test_there_is_no_inline_script_or_style(ana, path):
    page = ana.get(path)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page.text)
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_static_files_are_kept_by_their_content(ana):
    address = re.search(r'href="(/static/style\.css\?v=[^"]+)"', ana.get("/").text)[1]
    answer = ana.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/rulesets/nope", "/rulesets/orders/maps/nope", "/messages/nope"]
)
def test_what_is_not_there_is_said_on_a_page(ana, path):
    page = ana.get(path)
    assert page.status_code == 404
    assert "<h1>" in page.text


def test_theme_and_environment_are_kept_in_cookies(ana):
    ana.post("/theme", {"theme": "dark", "next": "/"})
    ana.post("/environment", {"environment": "prod", "next": "/"})
    page = ana.get("/").text
    assert 'data-theme="dark"' in page
    assert "PRODUCTION" in page
