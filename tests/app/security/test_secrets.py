"""Secrets of connections: sealed, rotated, never readable with the wrong key."""

import pytest

from app.errors import SettingsInvalid
from app.security.errors import SecretUnreadable
from app.security.secrets import Vault, connection_settings, reseal
from app.storage import environments
from app.storage.database import Database

OLD, NEW = "an old key of some length", "a new key of some length"


def test_a_sealed_record_opens_again() -> None:
    vault = Vault([NEW])
    assert vault.open(vault.seal({"token": "s3cret"})) == {"token": "s3cret"}


def test_the_sealed_text_does_not_show_the_secret() -> None:
    assert "s3cret" not in Vault([NEW]).seal({"token": "s3cret"})


def test_another_key_cannot_open_it() -> None:
    with pytest.raises(SecretUnreadable):
        Vault([NEW]).open(Vault([OLD]).seal({"token": "s3cret"}))


def test_a_changed_text_cannot_be_opened() -> None:
    sealed = Vault([NEW]).seal({"token": "s3cret"})
    with pytest.raises(SecretUnreadable):
        Vault([NEW]).open(sealed[:-3] + "AAA")


def test_the_second_key_still_opens_what_it_sealed() -> None:
    assert Vault([NEW, OLD]).open(Vault([OLD]).seal({"a": 1})) == {"a": 1}


def test_after_resealing_the_old_key_can_go(database: Database) -> None:
    with database.begin() as tx:
        environments.ensure_environment(tx, "dev", 1, "Development")
        environments.put_binding(
            tx, "dev", "erp.hold", "http", {"url": "u"}, Vault([OLD]).seal({"token": "s"})
        )
        assert reseal(tx, Vault([NEW, OLD])) == 1
        bound = environments.binding(tx, "dev", "erp.hold")
    assert bound is not None
    assert connection_settings(bound, Vault([NEW])) == {"url": "u", "token": "s"}


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, ""]])
def test_missing_or_short_keys_stop_the_start(keys: list[str]) -> None:
    with pytest.raises(SettingsInvalid, match="MAPWRIGHT_SECRET_KEYS"):
        Vault(keys)
