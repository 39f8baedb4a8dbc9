"""Every connection of every environment is tried: its settings, its secrets, its other end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.connection_tests import try_binding
from app.runtime.installation import Installation
from app.storage.environments import Binding, bindings, environments

_AREA = "connections"


def connections(installation: Installation) -> Iterator[Finding]:
    """One finding a binding; several are tried at a time."""
    with installation.database.read() as tx:
        found = [one for stage in environments(tx) for one in bindings(tx, stage.name)]
    if not found:
        yield ok(_AREA, "no endpoint is bound yet")
        return
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(lambda one: _look(installation, one), found)


def _look(installation: Installation, one: Binding) -> Finding:
    name = f"{one.endpoint} in {one.environment} ({one.transport})"
    if one.paused:
        do = f"when its work is done: mapwright resume {one.endpoint} --env {one.environment} --reason ..."
        return warn(_AREA, f"{name} is paused", do)
    outcome = try_binding(installation, one)
    if outcome.result == "works":
        return ok(_AREA, f"{name}: {outcome.detail}")
    return fail(_AREA, f"{name}: {outcome.detail}", outcome.do)
