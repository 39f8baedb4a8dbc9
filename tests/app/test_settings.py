"""Settings: declared once, read from the environment or a file, all faults at once."""

from pathlib import Path

import pytest

from app.errors import SettingsInvalid
from app.settings import SETTINGS, described, load_settings, secret_keys


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load_settings({})
    assert settings.bind == "127.0.0.1:8700" and settings.url == "http://127.0.0.1:8700"
    assert settings.database == f"sqlite:///{Path('var').resolve()}/mapwright.db"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mapwright.toml"
    file.write_text('workers = 3\nenvironment = "prod"\nsecret_keys = ["a", "b"]\n')
    settings = load_settings({"MAPWRIGHT_CONFIG": str(file), "MAPWRIGHT_WORKERS": "5"})
    assert (settings.workers, settings.environment, settings.secret_keys) == (5, "prod", ("a", "b"))


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "mapwright.toml"
    file.write_text("color = 1\n")
    environ = {"MAPWRIGHT_CONFIG": str(file), "MAPWRIGHT_WORKERS": "many", "MAPWRIGHT_RETRY_BASE": "x"}
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(environ)
    assert len(refused.value.details["faults"]) == 3


def test_a_file_that_cannot_be_read_is_a_fault() -> None:
    with pytest.raises(SettingsInvalid, match="MAPWRIGHT_CONFIG"):
        load_settings({"MAPWRIGHT_CONFIG": "/nowhere/at/all.toml"})


def test_secrets_are_hidden() -> None:
    environ = {"MAPWRIGHT_SECRET_KEYS": "k1-canary,k2", "MAPWRIGHT_DATABASE_URL": "postgresql://u:canary@h/d"}
    settings = load_settings(environ)
    assert "canary" not in repr(settings) and "canary" not in repr(described(settings))
    assert {row["name"] for row in described(settings)} == {d.variable for d in SETTINGS}


def test_a_key_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    settings = load_settings({"MAPWRIGHT_HOME": str(tmp_path / "home")})
    assert secret_keys(settings) == secret_keys(settings)
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o077 == 0
