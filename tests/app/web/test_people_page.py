"""People and tokens, as an administrator sees them."""

import re

import pytest


@pytest.fixture
def adam(browse):
    return browse("adam")


def test_a_person_is_added_and_changed(adam):
    form = {"login": "eve", "name": "Eve", "password": "correct horse battery staple", "roles": ["operator"]}
    assert "eve may log in now" in adam.post("/people", form, follow_redirects=True).text
    page = adam.post("/people/eve/roles", {"roles": ["analyst", "operator"]}, follow_redirects=True).text
    assert "eve is analyst, operator now" in page
    assert (
        "eve is locked out" in adam.post("/people/eve/active", {"active": "no"}, follow_redirects=True).text
    )


def test_a_poor_account_is_refused_with_its_reason(adam):
    form = {"login": "Eve!", "password": "correct horse battery staple", "roles": ["operator"]}
    assert "a login is" in adam.post("/people", form, follow_redirects=True).text


def test_a_token_is_shown_once(adam):
    page = adam.post(
        "/tokens", {"name": "QMS", "environment": "dev", "endpoints": "shop.orders", "days": "30"}
    ).text
    text = re.search(r"mwt_[0-9a-f]+_[\w-]+", page)[0]
    again = adam.get("/people").text
    assert text not in again
    token_id = text.split("_")[1]
    assert token_id in again
    assert "worthless" in adam.post(f"/tokens/{token_id}/revoke", follow_redirects=True).text
