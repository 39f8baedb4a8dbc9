"""What people do with a connection: pause it, let it go on, open or close its breaker. With a reason, audited."""

from sqlalchemy import Connection

from app.errors import NotFound, TransitionRefused, require_reason
from app.runtime.installation import Installation
from app.runtime.rates import Rates
from app.runtime.states import move_breaker
from app.security.audit import append
from app.storage.breakers import Breaker, ensure_breaker
from app.storage.database import now
from app.storage.environments import binding, bindings, set_paused
from app.storage.environments import environment as environment_named
from app.storage.outages import due_here, hurry
from app.storage.unknown import instead, no_environment


def pause(installation: Installation, environment: str, endpoint: str, *, by: str, reason: str) -> None:
    """Nothing leaves or is fetched through this endpoint until somebody resumes it."""
    _set_paused(installation, environment, endpoint, True, by, reason)


def resume(installation: Installation, environment: str, endpoint: str, *, by: str, reason: str) -> None:
    """What waits leaves now, in order."""
    _set_paused(installation, environment, endpoint, False, by, reason)
    _ring(installation, environment, endpoint)


def open_breaker(
    installation: Installation, environment: str, endpoint: str, *, by: str, reason: str
) -> None:
    """Stop a connection until a person closes its breaker: it is not probed."""
    require_reason(reason)
    with installation.database.begin() as tx:
        found = _breaker(tx, environment, endpoint)
        at = now(tx)
        values = {"reason": f"{by}: {reason}"[:2000], "opened_at": at, "probe_at": None, "prober": ""}
        if not move_breaker(tx, found, "open", at, **values):
            raise TransitionRefused("a worker changed the breaker at the same moment: look again")
        append(tx, by, "breaker.open", f"breaker/{environment}/{endpoint}", found.state, "open", reason)


def close_breaker(
    installation: Installation, environment: str, endpoint: str, *, by: str, reason: str
) -> None:
    """Let a stopped connection go on without waiting for a probe; a limit it asked for ends too."""
    require_reason(reason)
    with installation.database.begin() as tx:
        found = _breaker(tx, environment, endpoint)
        at = now(tx)
        values = {"reason": "", "probe_at": None, "prober": "", "failures": 0, "slow_until": None}
        if not move_breaker(tx, found, "closed", at, **values):
            raise TransitionRefused("a worker changed the breaker at the same moment: look again")
        hurry(tx, environment, endpoint)
        append(tx, by, "breaker.close", f"breaker/{environment}/{endpoint}", found.state, "closed", reason)
    Rates(installation).forget((environment, endpoint))
    _ring(installation, environment, endpoint)


def _breaker(tx: Connection, environment: str, endpoint: str) -> Breaker:
    if binding(tx, environment, endpoint) is None:
        raise not_bound(tx, environment, endpoint)
    return ensure_breaker(tx, environment, endpoint, now(tx))


def _set_paused(
    installation: Installation, environment: str, endpoint: str, paused: bool, by: str, reason: str
) -> None:
    require_reason(reason)
    with installation.database.begin() as tx:
        if not set_paused(tx, environment, endpoint, paused):
            raise not_bound(tx, environment, endpoint)
        append(tx, by, "binding.paused", f"binding/{environment}/{endpoint}", not paused, paused, reason)


def _ring(installation: Installation, environment: str, endpoint: str) -> None:
    with installation.database.read() as tx:
        due = due_here(tx, environment, endpoint)
    installation.doorbell.ring("deliver", due)


def not_bound(tx: Connection, environment: str, endpoint: str) -> NotFound:
    """That an endpoint has no binding, and which ones have."""
    if environment_named(tx, environment) is None:
        return NotFound(no_environment(tx, environment))
    names = [one.endpoint for one in bindings(tx, environment)]
    return NotFound(
        f"{environment} has no binding for {endpoint[:120]}{instead(endpoint, names, 'bound are')}"
    )
