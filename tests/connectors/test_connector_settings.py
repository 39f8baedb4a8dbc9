"""Settings are checked once, and every fault is named."""

import pytest

from connectors.errors import SettingsError
from connectors.settings import Setting, read_settings

SPEC = (
    Setting("url", "text", "Address", "Where.", required=True),
    Setting("tries", "integer", "Tries", "How often.", default=3),
    Setting("pace", "duration", "Pace", "Seconds.", default=1.5),
    Setting("how", "choice", "How", "The way.", default="a", choices=("a", "b")),
    Setting("deep", "boolean", "Deep", "Or not.", default=False),
    Setting("extra", "record", "Extra", "More."),
)


def test_defaults_are_filled_in():
    assert read_settings(SPEC, {"url": "x"}) == {
        "url": "x",
        "tries": 3,
        "pace": 1.5,
        "how": "a",
        "deep": False,
        "extra": None,
    }


def test_every_fault_is_named_at_once():
    with pytest.raises(SettingsError) as error:
        read_settings(SPEC, {"tries": "3", "pace": True, "how": "c", "deep": 0, "extra": [], "unknown": 1})
    named = {fault.split(":")[0] for fault in error.value.details["faults"]}
    assert named == {"url", "tries", "pace", "how", "deep", "extra", "unknown"}


def test_true_is_no_number():
    with pytest.raises(SettingsError):
        read_settings(SPEC, {"url": "x", "tries": True})
