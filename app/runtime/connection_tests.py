"""Trying a connection before messages need it: settings, secrets, and the other side, without side effects.

What a transport can try it says itself (`connectors.contract.Trying`). Of others that name an address or a
folder, the network or the folder alone is looked at, and the result says so.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.runtime.installation import Installation
from app.runtime.switching import not_bound
from app.security.errors import SecurityError
from app.security.secrets import Vault, connection_settings
from app.storage.environments import Binding, binding
from connectors.contract import Tried, Trying
from connectors.errors import ConnectorError

SECONDS = 10.0
_KNOCK_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443}
_SETTINGS = "correct the settings of the connection"
_DO = {
    "works": "",
    "refused": "correct the login or the address in the settings of the connection, or have the other side let it in",
    "failing": "see whether the system runs and the network lets this host through",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a connection answered: works, refused or failing, what was found, and what to do about it."""

    environment: str
    endpoint: str
    transport: str
    result: str
    detail: str
    do: str
    seconds: float


def try_connection(installation: Installation, environment: str, endpoint: str) -> Outcome:
    """Try one connection now. Errors: NotFound."""
    with installation.database.read() as tx:
        found = binding(tx, environment, endpoint)
        if found is None:
            raise not_bound(tx, environment, endpoint)
    return try_binding(installation, found)


def try_binding(installation: Installation, found: Binding) -> Outcome:
    """Try the connection that a binding describes; never raises for what is wrong with it."""
    begun = time.monotonic()
    tried, do = _tried(installation, found)
    return Outcome(
        found.environment, found.endpoint, found.transport, tried.result, tried.detail, do,
        round(time.monotonic() - begun, 3),
    )  # fmt: skip


def _tried(installation: Installation, found: Binding) -> tuple[Tried, str]:
    transport = installation.transports.get(found.transport)
    if transport is None:
        known = ", ".join(sorted(installation.transports))
        return Tried("failing", f"this version knows no transport {found.transport}, only {known}"), _SETTINGS
    vault = installation.vault or Vault(installation.settings.secret_keys)
    make: Any = transport.sink or transport.source
    try:
        settings = connection_settings(found, vault)
        side = make(settings)
    except (ConnectorError, SecurityError) as error:
        return Tried("failing", error.message), _SETTINGS
    try:
        tried = side.test(SECONDS) if isinstance(side, Trying) else _knock(settings)
    finally:
        side.close()
    return tried, _DO[tried.result]


def _knock(settings: Mapping[str, Any]) -> Tried:
    """Open a connection to the address and close it; nothing is sent."""
    if folder := settings.get("folder"):
        there = Path(str(folder)).is_dir()
        return Tried("works", f"{folder} is there") if there else Tried("failing", f"{folder} is no folder")
    url = urlsplit(str(settings.get("url") or ""))
    if not url.hostname:
        return Tried("works", "its settings can be read; this transport can't try more")
    port = url.port or _PORTS.get(url.scheme, 0)
    try:
        with socket.create_connection((url.hostname, port), _KNOCK_SECONDS):
            return Tried("works", f"{url.hostname}:{port} answers; this transport can't try more")
    except OSError as error:
        return Tried("failing", f"{url.hostname}:{port}: {error.strerror or error}")
