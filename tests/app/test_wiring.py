"""How the URL of the queue is read."""

from pathlib import Path

import pytest

from app.errors import SettingsInvalid
from app.settings import load_settings
from app.wiring import connect_redis, wire


def test_a_sentinel_url_names_sentinels_master_and_credentials() -> None:
    url = "redis+sentinel://ana:a%20secret@one:1,two/bells?db=3&sentinel_password=watch"
    pool = connect_redis(url).connection_pool
    assert (pool.service_name, pool.connection_kwargs["db"]) == ("bells", 3)
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("ana", "a secret")
    sentinels = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in sentinels] == [("one", 1), ("two", 26379)]
    assert {one["password"] for one in sentinels} == {"watch"}


def test_with_tls_sentinels_and_master_are_asked_over_tls() -> None:
    pool = connect_redis("rediss+sentinel://[::1]:7/bells").connection_pool
    (sentinel,) = pool.sentinel_manager.sentinels
    assert "SSL" in pool.connection_class.__name__
    assert "SSL" in sentinel.connection_pool.connection_class.__name__
    assert sentinel.connection_pool.connection_kwargs["host"] == "::1"


@pytest.mark.parametrize("url", ["redis+sentinel://one:1", "redis+sentinel:///bells"])
def test_a_sentinel_url_without_sentinels_or_master_says_how_it_is_written(url: str) -> None:
    with pytest.raises(ValueError, match=r"redis\+sentinel://HOST:PORT"):
        connect_redis(url)


@pytest.mark.parametrize("url", ["queue:6379", "redis+sentinel://one:1"])
def test_a_queue_address_that_cannot_be_read_names_the_setting(url: str, tmp_path: Path) -> None:
    settings = load_settings({"MAPWRIGHT_HOME": str(tmp_path), "MAPWRIGHT_REDIS_URL": url})
    with pytest.raises(SettingsInvalid, match="MAPWRIGHT_REDIS_URL: "):
        wire(settings)


@pytest.mark.parametrize("url", ["mysql://db/mapwright", "db.example"])
def test_a_database_address_that_cannot_be_used_names_the_setting(url: str, tmp_path: Path) -> None:
    settings = load_settings({"MAPWRIGHT_HOME": str(tmp_path), "MAPWRIGHT_DATABASE_URL": url})
    with pytest.raises(SettingsInvalid, match=r"MAPWRIGHT_DATABASE_URL: .*postgresql://USER@HOST"):
        wire(settings)
