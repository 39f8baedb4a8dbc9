"""The rule set of the chaos runs: every kind of step of tests.journey, with timers, records, calls and replies."""

import re
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
    body, found = re.subn(r"(  n +=) o\.n\n", rf'\1 o.n\n  mode = "edition {edition}"\n', body, count=1)
    assert found, "the map to_erp has no line that ends with `n = o.n`: the editions would all be the same"
    files["maps/orders.mw"] = (head + name + body).encode()
    return files
