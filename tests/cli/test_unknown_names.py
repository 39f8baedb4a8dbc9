"""A name that is not there is named beside the nearest one and those there are, with what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from app.runtime.installation import Installation
from app.storage.environments import deployed
from app.storage.unknown import meant
from tests.journey import ENVIRONMENT, bind

Cli = Callable[..., Any]


def test_a_release_that_is_not_there_is_named_beside_the_latest(installation: Installation, cli: Cli) -> None:
    with installation.database.read() as tx:
        (live,) = deployed(tx, ENVIRONMENT).values()
    said = cli("promote", "0123456789", "--to", ENVIRONMENT, code=3)
    assert "there is no release 0123456789" in said and f"{live[:12]} (journey r1)" in said
    assert "`mapwright release FOLDER`" in said and "Asked: " in said
    assert "at least 8 signs" in cli("promote", live[:4], "--to", ENVIRONMENT, code=3)
    assert "not by its number" in cli("promote", "r1", "--to", ENVIRONMENT, code=3)


def test_a_mistyped_environment_is_guessed(installation: Installation, cli: Cli) -> None:
    for command in (
        ("lanes",),
        ("messages",),
        ("messages", "search"),
        ("breakers",),
        ("problems",),
        ("staged", "list"),
        ("pause", "orders", "--reason", "x"),
        ("resume", "orders", "--reason", "x"),
        ("breakers", "open", "erp.order", "--reason", "x"),
        ("limits", "show"),
        ("scheduled", "cancel", "1", "--reason", "x"),
    ):
        said = cli(*command, "--env", "tset", code=3)
        assert f"no environment tset; did you mean {ENVIRONMENT}? say --env with one of {ENVIRONMENT}" in said


@pytest.mark.parametrize(
    ("typed", "near"), [("ordres", "orders"), ("erp.ordr", "erp.order"), ("erp", "erp.order")]
)
def test_a_mistyped_flow_or_endpoint_is_guessed(
    installation: Installation,
    cli: Cli,
    typed: str,
    near: str,
) -> None:
    bind(installation, "erp.order", "http://127.0.0.1:1/")
    said = cli("pause", typed, "--reason", "x", code=1)
    assert f"{typed}; did you mean {near}?" in said and "journey/orders" in said
    assert "endpoints: erp.order" in said


def test_an_endpoint_without_binding_is_guessed(installation: Installation, cli: Cli) -> None:
    bind(installation, "erp.order", "http://127.0.0.1:1/")
    for command in (("connections", "test", "erp.ordre"), ("breakers", "open", "erp.ordre", "--reason", "x")):
        assert "erp.ordre; did you mean erp.order? bound are: erp.order" in cli(*command, code=3)


def test_an_empty_list_says_where_its_flow_or_endpoint_is_not_there(
    installation: Installation,
    cli: Cli,
) -> None:
    bind(installation, "erp.order", "http://127.0.0.1:1/")
    assert "no live flow order; did you mean orders?" in cli("messages", "search", "--flow", "order")
    assert "did you mean" not in cli("messages", "search", "--flow", "orders")
    assert "no bound endpoint erp.ord; did you mean erp.order?" in cli("lanes", "--endpoint", "erp.ord")
    assert "did you mean erp.order?" in cli("staged", "list", "--endpoint", "order")


def test_an_id_that_is_not_there_says_where_to_look(installation: Installation, cli: Cli) -> None:
    said = cli("messages", "show", "WO-1001", code=1)
    assert "no whole id" in said and "`mapwright messages search -q WORD`" in said
    assert "perhaps its days are over" in cli("messages", "show", "0" * 32, code=1)
    assert "`mapwright lanes --all`" in cli("lanes", "show", "xx", code=1)
    assert "`mapwright lanes --all`" in cli("lanes", "pause", "xx", "--reason", "x", code=3)


def test_nothing_near_is_guessed_as_nothing() -> None:
    assert meant("zebra", ["orders", "erp.order"]) == "" and meant("a", []) == ""
    assert meant("ORDERS", ["orders"]) == "; did you mean orders?"
