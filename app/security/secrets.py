"""Secrets of connections, sealed at rest with keys that can be rotated."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection

from app.errors import SettingsInvalid
from app.security.errors import SecretUnreadable
from app.storage import environments
from app.storage.environments import Binding


class Vault:
    """Seals and opens small records; the first key seals, every key opens."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        if not secret_keys or any(len(key) < 16 for key in secret_keys):
            raise SettingsInvalid("MAPWRIGHT_SECRET_KEYS needs at least one key of 16 characters or more")
        self._keys = MultiFernet([Fernet(_fernet_key(key)) for key in secret_keys])

    def seal(self, values: Mapping[str, Any]) -> str:
        """Encrypted text of a record; nothing for an empty one."""
        if not values:
            return ""
        return self._keys.encrypt(json.dumps(dict(values), sort_keys=True).encode()).decode()

    def open(self, sealed: str) -> dict[str, Any]:
        """The record again; SecretUnreadable where no key fits or the text was changed."""
        if not sealed:
            return {}
        try:
            return dict(json.loads(self._keys.decrypt(sealed.encode())))
        except InvalidToken:
            raise SecretUnreadable() from None

    def rotate(self, sealed: str) -> str:
        """The same record under the first key."""
        return self._keys.rotate(sealed.encode()).decode() if sealed else ""


def connection_settings(binding: Binding, vault: Vault) -> dict[str, Any]:
    """Everything the transport needs, secrets included: for the runtime only, never to be shown."""
    return {**binding.settings, **vault.open(binding.secrets)}


def reseal(tx: Connection, vault: Vault) -> int:
    """Bring every stored secret under the first key; may be repeated after a crash."""
    count = 0
    for environment in environments.environments(tx):
        for found in environments.bindings(tx, environment.name):
            if found.secrets:
                environments.set_secrets(tx, environment.name, found.endpoint, vault.rotate(found.secrets))
                count += 1
    return count


def _fernet_key(key: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(key.encode(), b"mapwright secrets", hashlib.sha256).digest())
