"""This machine: room on the disk, and the keys that secrets are sealed with."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.security.errors import SecretUnreadable
from app.security.secrets import Vault
from app.settings import secret_keys
from app.storage.environments import bindings, environments

_GIGABYTE = 1_000_000_000
_FULL, _NEARLY = 0.05, 0.10


def disk(installation: Installation) -> Iterator[Finding]:
    """Room in the data folder."""
    home = installation.settings.home.resolve()
    room = shutil.disk_usage(home)
    share = room.free / room.total if room.total else 1.0
    said = f"{room.free / _GIGABYTE:.1f} GB free in {home} ({share:.0%})"
    do = "make room; intake stops before the disk is full"
    if share < _FULL and room.free < 5 * _GIGABYTE:
        yield fail("disk", said, do)
    elif share < _NEARLY and room.free < 20 * _GIGABYTE:
        yield warn("disk", said, do)
    else:
        yield ok("disk", said)


def keys(installation: Installation) -> Iterator[Finding]:
    """Keys are there, open what they sealed, and nobody else can read them."""
    settings = installation.settings
    file = settings.home / "secret.key"
    given = secret_keys(settings)
    vault = installation.vault or Vault(given)
    if vault.open(vault.seal({"probe": "1"})) != {"probe": "1"}:
        yield fail("keys", "a sealed value does not open", "correct MAPWRIGHT_SECRET_KEYS")
    else:
        yield ok("keys", f"{len(given)} in use; the first seals, every one opens")
    if file.exists() and file.read_text().strip() in given:
        yield _mode(file)
    yield _stored(installation, vault)


def _mode(file: Path) -> Finding:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return fail("keys", f"others can read {file} ({mode:04o})", f"chmod 600 {file}")
    return ok("keys", f"{file} is readable by its owner alone; keep a copy of it elsewhere")


def _stored(installation: Installation, vault: Vault) -> Finding:
    """Every secret of a binding opens."""
    shut, count = [], 0
    with installation.database.read() as tx:
        found = [one for stage in environments(tx) for one in bindings(tx, stage.name)]
    for one in found:
        if one.secrets:
            count += 1
            try:
                vault.open(one.secrets)
            except SecretUnreadable:
                shut.append(f"{one.endpoint} in {one.environment}")
    if shut:
        do = "add the key they were sealed with to MAPWRIGHT_SECRET_KEYS"
        return fail("keys", f"secrets of {', '.join(shut[:5])} don't open", do)
    return ok("keys", f"secrets of {count} connections open")
