"""One line of the doctor's page."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in an area, how bad that is, and what to do about it."""

    area: str
    status: Literal["ok", "warn", "fail"]
    found: str
    do: str = ""


def ok(area: str, found: str) -> Finding:
    """As it should be."""
    return Finding(area, "ok", found)


def warn(area: str, found: str, do: str) -> Finding:
    """It works, but not for long or not as well as it could."""
    return Finding(area, "warn", found, do)


def fail(area: str, found: str, do: str) -> Finding:
    """It does not work."""
    return Finding(area, "fail", found, do)
