"""The processes at work: clocks, workers, the groups they serve, the versions they are of, crash loops."""

import json
import os
import platform
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app.doctor.finding import Finding, fail, ok, warn
from app.runtime.installation import Installation
from app.storage.queries import unserved
from app.storage.workers import workers as at_work
from app.versions import VERSION

_OFF_SECONDS, _FAR_OFF_SECONDS = 2.0, 60.0
_LOOP = 3
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


def clock(installation: Installation) -> Iterator[Finding]:
    """How far this machine's clock is from the database's, and whether a clock process beats."""
    with installation.database.read() as tx:
        before = datetime.now(UTC)
        theirs = installation.database.now(tx)
        after = datetime.now(UTC)
        clocks = [one for one in at_work(tx) if one["kind"] == "clock" and one["alive"]]
    off = (theirs - (before + (after - before) / 2)).total_seconds()
    said = f"this machine is {abs(off):.3f} s {'behind' if off > 0 else 'ahead of'} the database"
    if abs(off) > _FAR_OFF_SECONDS:
        yield fail("clock", said, "set this machine's clock by NTP; logins, tokens and certificates go by it")
    elif abs(off) > _OFF_SECONDS:
        yield warn("clock", said, "set this machine's clock by NTP; leases and timers go by the database's")
    else:
        yield ok("clock", said)
    if clocks:
        yield ok("clock", f"{len(clocks)} at work: {', '.join(_place(one) for one in clocks)}")
    else:
        yield fail(
            "clock", "no clock process: nothing is polled, no timer fires", "start one: mapwright clock"
        )


def workers(installation: Installation) -> Iterator[Finding]:
    """Who is at work, which groups nobody serves, and what ends again and again on this host."""
    with installation.database.read() as tx:
        found = [one for one in at_work(tx) if one["kind"] == "worker" and one["alive"]]
        missing = unserved(tx)
    if found:
        for one in found:
            memory = f", {one['memory'] // 1_000_000} MB" if one["memory"] else ""
            yield ok(
                "workers",
                f"{_place(one)} serves {one['groups'] or 'default'}, {one['handled']} handled{memory}",
            )
    else:
        yield fail("workers", "no worker gives a sign of life", "start some: mapwright worker --processes 2")
    for group, count in missing.items():
        yield fail(
            "workers",
            f"nobody serves the group {group}; lanes that wait: {count}",
            f"mapwright worker --groups {group}",
        )
    yield from _loops(installation.settings.home / "processes")


def _loops(folder: Path) -> Iterator[Finding]:
    """What supervisors of this host noted about processes that died."""
    for note in sorted(folder.glob("*.json")):
        told: dict[str, Any] = json.loads(note.read_text())
        if not Path(f"/proc/{told['supervisor']}").exists() and _gone(told["supervisor"]):
            continue
        for service in told["services"]:
            said = f"{service['name']} ended {service['failures']} times in a row, by {service['ended']}: {service['last_words']}"
            if service["failures"] >= _LOOP:
                yield fail(
                    "workers",
                    said,
                    "mend what it says; it is started again by itself, every minute at the latest",
                )
            elif service["failures"]:
                yield warn("workers", said, "look into its log")


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def versions(installation: Installation) -> Iterator[Finding]:
    """This product, Python, the libraries against the lock, and the versions of what is at work."""
    yield ok("versions", f"Mapwright {VERSION}, Python {platform.python_version()}")
    yield _libraries()
    with installation.database.read() as tx:
        others = {one["version"] for one in at_work(tx) if one["alive"] and one["version"]} - {VERSION}
    if others:
        yield warn(
            "versions",
            f"processes of {', '.join(sorted(others))} are at work too",
            "finish the upgrade: restart them",
        )
    else:
        yield ok("versions", "every process at work is of this version")


def _libraries() -> Finding:
    lock = Path(__file__).resolve().parents[2] / "requirements.lock"
    if not lock.is_file():
        return ok("versions", "libraries as they were installed (no lock here)")
    lines = [
        line for line in lock.read_text().splitlines() if " ; " not in line
    ]  # those are for some machines only
    locked = [found.groups() for line in lines if (found := _LOCKED.match(line))]
    wrong = [
        f"{name} {_installed(name)} instead of {wanted}"
        for name, wanted in locked
        if _installed(name) != wanted
    ]
    if wrong:
        return warn(
            "versions",
            f"libraries differ from the lock: {', '.join(wrong[:8])}",
            "pip install -r requirements.lock",
        )
    return ok("versions", f"{len(locked)} libraries as in the lock")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(missing)"


def _place(one: dict[str, Any]) -> str:
    return f"{one['host']} pid {one['pid']}" if one["host"] else str(one["name"])
