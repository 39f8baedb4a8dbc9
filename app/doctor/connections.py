"""Every connection of every environment: its settings are read, its secrets opened, its other end knocked at."""

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.security.errors import SecurityError
from app.security.secrets import Vault, connection_settings
from app.storage.environments import Binding, bindings, environments
from connectors.errors import ConnectorError

_KNOCK_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443}


def connections(installation: Installation) -> Iterator[Finding]:
    """One finding a binding; several are knocked at at a time."""
    with installation.database.read() as tx:
        found = [one for stage in environments(tx) for one in bindings(tx, stage.name)]
    if not found:
        yield ok("connections", "no endpoint is bound yet")
        return
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(lambda one: _look(installation, one), found)


def _look(installation: Installation, one: Binding) -> Finding:
    name = f"{one.endpoint} in {one.environment} ({one.transport})"
    if one.paused:
        return warn(
            "connections", f"{name} is paused", f"mapwright resume {one.endpoint} --env {one.environment}"
        )
    transport = installation.transports.get(one.transport)
    if transport is None:
        return fail("connections", f"{name}: this version knows no such transport", "bind it anew")
    try:
        settings = connection_settings(one, installation.vault or Vault(installation.settings.secret_keys))
        make: Any = transport.sink or transport.source
        make(settings).close()
        return ok("connections", f"{name}: {_knock(settings)}")
    except (ConnectorError, SecurityError) as error:
        return fail("connections", f"{name}: {error.message}", "correct the settings of the connection")
    except OSError as error:
        do = "see whether the system runs and the network lets this host through"
        return fail("connections", f"{name}: {error.strerror or error}", do)


def _knock(settings: Mapping[str, Any]) -> str:
    """Open a connection and close it; nothing is sent. Errors: OSError."""
    if settings.get("folder"):
        folder = Path(str(settings["folder"]))
        if not folder.is_dir():
            raise OSError(f"{folder} is no folder")
        return f"{folder} is there"
    url = urlsplit(str(settings.get("url") or ""))
    if not url.hostname:
        return "its settings can be read"
    port = url.port or _PORTS.get(url.scheme, 0)
    with socket.create_connection((url.hostname, port), _KNOCK_SECONDS):
        return f"{url.hostname}:{port} answers"
