"""Bindings: checked by their transport, secrets kept and never shown."""

import pytest

from app.design import connections
from app.design.errors import BindingInvalid
from app.errors import NotFound
from app.security.secrets import Vault, connection_settings
from app.storage import audit as stored_audit
from app.storage import environments
from app.storage.database import Database
from app.storage.environments import set_paused

URL = "https://erp.example/holds"


def bind(database: Database, vault: Vault, **settings: object) -> environments.Binding:
    with database.begin() as tx:
        return connections.bind(tx, vault, "dev", "plant.work_order", "http", {"url": URL, **settings}, "adm")


def secret_name() -> str:
    from connectors import registry

    return next(s.name for s in registry.transport("http").settings if s.kind == "secret")


def test_a_binding_is_written_and_read(orders: Database, vault: Vault) -> None:
    bind(orders, vault)
    with orders.read() as connection:
        bound = environments.binding(connection, "dev", "plant.work_order")
    assert bound is not None and bound.settings == {"url": URL}


def test_a_secret_is_sealed_and_opens_for_the_runtime(orders: Database, vault: Vault) -> None:
    bound = bind(orders, vault, **{secret_name(): "canary"})
    assert "canary" not in repr(bound)
    assert connection_settings(bound, vault)[secret_name()] == "canary"


def test_a_secret_that_is_not_given_again_is_kept(orders: Database, vault: Vault) -> None:
    bind(orders, vault, **{secret_name(): "canary"})
    assert connection_settings(bind(orders, vault), vault)[secret_name()] == "canary"


def test_neither_the_answer_nor_the_audit_log_shows_a_secret(orders: Database, vault: Vault) -> None:
    shown = connections.public(bind(orders, vault, **{secret_name(): "canary"}))
    with orders.read() as connection:
        told = [row.as_json() for row in stored_audit.rows(connection)]
    assert shown["has_secrets"] is True and "canary" not in repr(shown) + repr(told)


@pytest.mark.parametrize("settings", [{"address": 1}, {"url": 5}, {"timeout": "soon"}])
def test_settings_that_do_not_fit_are_refused(
    orders: Database, vault: Vault, settings: dict[str, object]
) -> None:
    with pytest.raises(BindingInvalid) as refused:
        bind(orders, vault, **settings)
    assert refused.value.details["faults"]


def test_an_unknown_transport_is_refused(orders: Database, vault: Vault) -> None:
    with pytest.raises(BindingInvalid), orders.begin() as tx:
        connections.bind(tx, vault, "dev", "plant.work_order", "pigeon", {}, "adm")


def test_an_unknown_environment_is_not_found(orders: Database, vault: Vault) -> None:
    with pytest.raises(NotFound), orders.begin() as tx:
        connections.bind(tx, vault, "nowhere", "plant.work_order", "http", {"url": URL}, "adm")


def test_a_paused_endpoint_stays_paused_when_its_binding_is_written(orders: Database, vault: Vault) -> None:
    with orders.begin() as tx:
        assert set_paused(tx, "dev", "plant.work_order", True)
    assert bind(orders, vault).paused is True


def test_limits_stay_when_a_binding_is_written_without_them(orders: Database, vault: Vault) -> None:
    with orders.begin() as tx:
        connections.bind(tx, vault, "dev", "plant.work_order", "http", {"url": URL}, "adm", {"rate": 5})
    assert bind(orders, vault).control == {"rate": 5}


def test_limits_that_nobody_knows_are_refused(orders: Database, vault: Vault) -> None:
    with pytest.raises(BindingInvalid), orders.begin() as tx:
        connections.bind(tx, vault, "dev", "plant.work_order", "http", {"url": URL}, "adm", {"rte": 5})
