"""The home page shows the limits of intake of its environment, with what waits."""

from app.storage.limits import Limit, Scope, put_limit


def test_limits_are_shown_where_there_are_some(ana, installation):
    with installation.database.begin() as tx:
        put_limit(tx, Scope("dev", "flow", "orders/orders"), Limit(2.5, 10, 5_000))
    page = ana.get("/").text
    assert "Limits of intake" in page and "orders/orders" in page
    assert "2.5" in page and "5,000" in page


def test_without_limits_nothing_is_said_of_them(ana):
    assert "Limits of intake" not in ana.get("/").text
