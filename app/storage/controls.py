"""What a binding says of the traffic through it: rate, breaker, read-back. Unsaid values come from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.settings import Settings
from connectors.errors import SettingsError
from connectors.settings import Setting, SettingsSpec, read_settings

CONTROLS: SettingsSpec = (
    Setting(
        "rate", "number", "Rate", "Deliveries a second that the partner takes; without it as many as come."
    ),
    Setting("burst", "integer", "Burst", "Deliveries at once after a pause; without it one second's worth."),
    Setting("breaker_failures", "integer", "Failures in a row", "After so many the breaker opens; 0: never."),
    Setting("breaker_ratio", "number", "Failure ratio", "Of a window's attempts, 0 to 1; 0: not looked at."),
    Setting("breaker_window", "duration", "Window", "Seconds over which the ratio is taken."),
    Setting(
        "breaker_minimum", "integer", "Least attempts", "A window with fewer is not judged by its ratio."
    ),
    Setting(
        "breaker_cool_down", "duration", "Cool-down", "Seconds until the first probe, doubling each time."
    ),
    Setting(
        "breaker_cool_down_cap", "duration", "Longest cool-down", "Seconds between two probes at the most."
    ),
    Setting(
        "read_back_after",
        "duration",
        "Ask after",
        "Seconds until the target is asked about an uncertain one.",
    ),
    Setting("read_back_tries", "integer", "Questions", "How often it is asked before a person is."),
)
_DEFAULTED = [setting.name for setting in CONTROLS if setting.name not in ("rate", "burst")]


@dataclass(frozen=True, slots=True)
class Control:
    """The limits of one connection, defaults filled in; `rate` None is no limit."""

    rate: float | None
    burst: float
    breaker_failures: int
    breaker_ratio: float
    breaker_window: float
    breaker_minimum: int
    breaker_cool_down: float
    breaker_cool_down_cap: float
    read_back_after: float
    read_back_tries: int


def read_control(given: Mapping[str, Any], settings: Settings) -> Control:
    """Checked limits. Errors: SettingsError with every fault."""
    values = read_settings(CONTROLS, given)
    faults = [f"{n}: must not be less than 0" for n, v in values.items() if v is not None and v < 0]
    faults += ["rate: must be more than 0"] if values["rate"] == 0 else []
    faults += ["burst: must be 1 or more"] if values["burst"] == 0 else []
    faults += ["breaker_ratio: must be 0 to 1"] if (values["breaker_ratio"] or 0) > 1 else []
    if faults:
        raise SettingsError("; ".join(faults), {"faults": faults})
    rate = float(values["rate"]) if values["rate"] is not None else None
    burst = float(values["burst"] or max(1.0, rate or 1.0))
    known = {n: getattr(settings, n) if values[n] is None else values[n] for n in _DEFAULTED}
    return Control(rate, burst, **known)
