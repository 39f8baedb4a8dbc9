"""A wall clock that jumps, for the process that asks for it: as on a host that nobody keeps in time."""

import sys
import time
from datetime import datetime, timedelta, tzinfo
from typing import Any

STEPS = (3_600.0, -3_600.0, 0.0, 7_200.0)
STEP_SECONDS = 2.0
_time, _time_ns = time.time, time.time_ns


def shift() -> float:
    """By how much the clock is off at this moment."""
    return STEPS[int(time.monotonic() / STEP_SECONDS) % len(STEPS)]


class _Known(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, datetime)


class Unsteady(datetime, metaclass=_Known):
    """The class `datetime` whose now jumps; the moments it makes are ordinary ones."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """The time of this clock."""
        return datetime.now(tz) + timedelta(seconds=shift())


def unsteady_clock() -> None:
    """From now on the product's modules see this clock; monotonic time goes on as ever."""
    time.time = lambda: _time() + shift()
    time.time_ns = lambda: _time_ns() + int(shift() * 1e9)
    for name, module in list(sys.modules.items()):
        if (
            name.split(".")[0] in ("app", "rules", "dsl", "connectors")
            and getattr(module, "datetime", None) is datetime
        ):
            module.datetime = Unsteady  # type: ignore[attr-defined]
