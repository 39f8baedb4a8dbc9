"""Put an installation together from its settings: database, queue, connectors, keys."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from app.jobs import RqDoorbell
from app.runtime.groups import GroupBook
from app.runtime.installation import Installation, Silence
from app.security.secrets import Vault
from app.settings import Settings, secret_keys
from app.storage.database import open_database
from app.telemetry.tracing import open_spans
from connectors.registry import codecs, transports

__all__ = ["Installation", "connect_redis", "wire"]


def wire(settings: Settings, process: str = "command") -> Installation:
    """One installation for this process, named for traces; nothing is connected before it is used."""
    settings = replace(settings, secret_keys=secret_keys(settings))
    settings.home.mkdir(parents=True, exist_ok=True)
    connection = connect_redis(settings.redis_url) if settings.redis_url else None
    database = open_database(settings.database)
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


def connect_redis(url: str) -> redis.Redis:
    """Redis, Valkey, a unix socket, or `redis+sentinel://host:port,host:port/master?db=0`."""
    short = Retry(NoBackoff(), 0)
    if not url.startswith("redis+sentinel://"):
        return redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=short)
    parts = urlsplit(url)
    hosts = [
        (host, int(port or 26379)) for host, _, port in (h.partition(":") for h in parts.netloc.split(","))
    ]
    db = int(parse_qs(parts.query).get("db", ["0"])[0])
    sentinel = Sentinel(hosts, socket_timeout=2)
    master: redis.Redis = sentinel.master_for(parts.path.strip("/"), db=db, socket_timeout=5, retry=short)
    return master
