"""The rule set of the chaos runs: every kind of step of tests.journey, with timers, records, calls and replies."""

from pathlib import Path

from tests.journey import journey_files

FOLDER = Path(__file__).parent / "mix"


def mix_files(edition: int = 1) -> dict[str, bytes]:
    """The rule set, path -> content; the editions differ in what the target gets as `mode`."""
    files = journey_files()
    own = {p.relative_to(FOLDER).as_posix(): p.read_bytes() for p in FOLDER.rglob("*.mw")}
    files |= own
    files["ruleset.toml"] += (FOLDER / "endpoints.toml").read_bytes()
    maps = files["maps/orders.mw"].decode()
    head, name, body = maps.partition("map to_erp :")
    body = body.replace("  n   = o.n\n", f'  n   = o.n\n  mode = "edition {edition}"\n', 1)
    files["maps/orders.mw"] = (head + name + body).encode()
    return files
