"""Put an installation together from its settings: database, queue, connectors, keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsInvalid
from app.jobs import RqDoorbell
from app.runtime.groups import GroupBook
from app.runtime.installation import Installation, Silence
from app.security.secrets import Vault
from app.settings import Settings, secret_keys
from app.storage.database import Database, open_database
from app.storage.dialects import URLS, dialect_named
from app.telemetry.tracing import open_spans
from connectors.registry import codecs, transports

__all__ = ["Installation", "connect_redis", "wire"]

_OF_SENTINELS = ("sentinel_username", "sentinel_password")


def wire(settings: Settings, process: str = "command") -> Installation:
    """One installation for this process, named for traces; nothing is connected before it is used."""
    settings = replace(settings, secret_keys=secret_keys(settings))
    settings.home.mkdir(parents=True, exist_ok=True)
    connection = _connect_queue(settings.redis_url) if settings.redis_url else None
    database = _open_database(settings.database)
    groups = GroupBook(database)
    return Installation(
        settings=settings,
        database=database,
        redis=connection,
        codecs=codecs(),
        transports=transports(),
        doorbell=RqDoorbell(connection, groups.names) if connection is not None else Silence(),
        vault=Vault(settings.secret_keys),
        spans=open_spans(settings, process),
    )


def _open_database(url: str) -> Database:
    """Errors: SettingsInvalid where the URL is none, or names a database that is neither of the two."""
    try:
        dialect_named(url)
    except (ArgumentError, KeyError) as error:
        fault = f"MAPWRIGHT_DATABASE_URL: {error.args[0]}: write {URLS}"
        raise SettingsInvalid(fault, {"faults": [fault]}) from None
    return open_database(url)


def _connect_queue(url: str) -> redis.Redis:
    try:
        return connect_redis(url)
    except ValueError as error:
        fault = f"MAPWRIGHT_REDIS_URL: {error}"
        raise SettingsInvalid(fault, {"faults": [fault]}) from error


def connect_redis(url: str) -> redis.Redis:
    """Redis, Valkey, a unix socket, or `redis+sentinel://user:password@host:port,host:port/master?db=0`.

    The name and password are Redis's; `sentinel_username` and `sentinel_password` after the `?` are the sentinels'.
    `rediss+sentinel` speaks TLS with both. Raises ValueError where the URL names no host or no master.
    """
    limits: dict[str, Any] = {
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "retry": Retry(NoBackoff(), 0),
    }
    if urlsplit(url).scheme not in ("redis+sentinel", "rediss+sentinel"):
        return redis.Redis.from_url(url, **limits)
    return _master(urlsplit(url), limits)


def _master(parts: SplitResult, limits: Mapping[str, Any]) -> redis.Redis:
    """Whoever is the master now, as the sentinels say. Raises ValueError."""
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    given = dict(parse_qsl(parts.query))
    if not hosts or not parts.path.strip("/"):
        raise ValueError("a Sentinel URL is redis+sentinel://HOST:PORT,HOST:PORT/NAME-OF-THE-MASTER")
    tls = {"ssl": parts.scheme.startswith("rediss")}
    own = {key.removeprefix("sentinel_"): given[key] for key in _OF_SENTINELS if key in given}
    sentinel = Sentinel(
        [_address(host) for host in hosts.split(",")], sentinel_kwargs={**limits, **tls, **own}
    )
    master: redis.Redis = sentinel.master_for(
        parts.path.strip("/"),
        db=int(given.get("db", 0)),
        username=unquote(user) or None,
        password=unquote(password) or None,
        **tls,
        **limits,
    )
    return master


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if text.rpartition(":")[2].isdigit() else (text, "", "26379")
    return host.strip("[]"), int(port)
