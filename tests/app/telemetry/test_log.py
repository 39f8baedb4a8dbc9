"""The log: no value forges a line, and no secret gets into it."""

from app.telemetry.log import hide_secrets, one_line


def test_line_breaks_and_colours_are_encoded() -> None:
    event = one_line(None, "info", {"event": "x", "value": "a\nfake=1\x1b[31m"})
    assert event["value"] == "a\\nfake=1\\x1b[31m"


def test_values_of_telling_names_are_hidden() -> None:
    event = hide_secrets(None, "info", {"event": "x", "api_token": "canary", "Password": "canary"})
    assert "canary" not in repr(event)
