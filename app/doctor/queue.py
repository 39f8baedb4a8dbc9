"""Redis or Valkey: it carries doorbells only, so nothing is lost with it; but it has to take them."""

from collections.abc import Iterator

from redis.exceptions import RedisError

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation

_PROBE = "mapwright:doctor"


def redis(installation: Installation) -> Iterator[Finding]:
    """Reachable, writable, not evicting, and how it persists."""
    if installation.redis is None:
        yield ok("redis", "none set: workers poll the database every second")
        return
    told = installation.redis.info()
    name, version = (
        ("Valkey", told["valkey_version"])
        if "valkey_version" in told
        else ("Redis", told.get("redis_version"))
    )
    yield ok("redis", f"{name} {version} at {told.get('used_memory_human', '?')} of memory")
    yield _writable(installation, told.get("role", "master"))
    policy = told.get("maxmemory_policy", "noeviction")
    if told.get("maxmemory", 0) and policy != "noeviction":
        yield warn(
            "redis",
            f"it may throw doorbells away ({policy}): work starts up to a second later",
            "set maxmemory-policy noeviction",
        )
    else:
        yield ok("redis", "it throws nothing away")
    kept = (
        "append-only file"
        if told.get("aof_enabled")
        else "snapshots"
        if told.get("rdb_last_save_time")
        else "nothing"
    )
    yield ok("redis", f"it keeps {kept}; nothing of it is needed after a restart")


def _writable(installation: Installation, role: str) -> Finding:
    try:
        installation.redis.set(_PROBE, 1, ex=5)
    except RedisError as error:
        do = (
            "point MAPWRIGHT_REDIS_URL to the master, or to the sentinels"
            if role != "master"
            else "see its log: disk or memory"
        )
        return fail("redis", f"it takes no writes ({role}): {error}", do)
    return ok("redis", "it takes writes")
