"""ruleset.toml of two versions compared: settings of the whole rule set, and its endpoints."""

from collections.abc import Iterator

from dsl.program import Manifest, Program
from rules.difference.change import Change, compared

_ENDPOINT = ("direction", "codec", "schema", "owner", "idempotent", "on_undecodable", "answer")


def manifest(old: Manifest, new: Manifest) -> Iterator[Change]:
    """The settings of the whole rule set: those that change what a formula gives, and its owner."""
    for what, words in (
        ("time_zone", "time zone"),
        ("owner", "owner"),
        ("language", "version of the language"),
    ):
        was, now = getattr(old, what), getattr(new, what)
        if was != now:
            yield Change(
                "changed", f"ruleset/{what}", f"rule set: {words} {was or 'nothing'} -> {now or 'nothing'}"
            )
    before, after = (
        {name: ", ".join(map(str, days)) for name, days in of.calendars.items()} for of in (old, new)
    )
    yield from compared("ruleset/calendar", "rule set", before, after, "calendar")


def endpoints(old: Program, new: Program, name: str) -> Iterator[Change]:
    """Two versions of an endpoint, the settings of its codec included."""
    before, after = old.manifest.endpoints[name], new.manifest.endpoints[name]
    for what in _ENDPOINT:
        was, now = getattr(before, what), getattr(after, what)
        if was != now:
            yield Change(
                "changed", f"endpoint/{name}", f"endpoint {name}: {what} {_said(was)} -> {_said(now)}"
            )
    left, right = ({key: str(value) for key, value in of.options.items()} for of in (before, after))
    yield from compared(f"endpoint/{name}", f"endpoint {name}", left, right)


def _said(value: object) -> str:
    return "nothing" if value in ("", None) else str(value)
