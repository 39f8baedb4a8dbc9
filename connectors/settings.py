"""Settings of a codec or transport, declared once: forms, checks and documentation derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectors.errors import SettingsError

Kind = Literal["text", "integer", "number", "boolean", "choice", "secret", "duration", "record"]
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "choice": (str,),
    "secret": (str,),
    "duration": (int, float),
    "record": (dict,),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. Units: durations are seconds. A `secret` is never shown again."""

    name: str
    kind: Kind
    title: str
    doc: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()


SettingsSpec = tuple[Setting, ...]


def read_settings(spec: SettingsSpec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults filled in, types checked, unknown names refused.

    Errors: SettingsError, with every fault in details["faults"].
    """
    known = {setting.name: setting for setting in spec}
    faults = [f"{name}: unknown setting; known are {', '.join(known)}" for name in given if name not in known]
    faults += [fault for s in spec if (fault := _fault(s, given.get(s.name)))]
    if faults:
        raise SettingsError("; ".join(faults), {"faults": faults})
    return {s.name: given.get(s.name, s.default) for s in spec}


def _fault(setting: Setting, value: Any) -> str | None:
    if value is None:
        return f"{setting.name}: required" if setting.required else None
    wrong_bool = isinstance(value, bool) and setting.kind != "boolean"
    if wrong_bool or not isinstance(value, _PYTHON_TYPES[setting.kind]):
        return f"{setting.name}: expected {setting.kind}, got {type(value).__name__}"
    if setting.kind == "choice" and value not in setting.choices:
        return f"{setting.name}: expected one of {', '.join(setting.choices)}, got {value}"
    return None
