"""Where the time of a message goes: CPU seconds of each process of a run, with what it started; of this one alone."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.servers import Postgres

_TICKS = os.sysconf("SC_CLK_TCK")
_OWN, _WITH_ENDED = (11, 13), (11, 15)


def spent(pids: Mapping[str, int], work: Callable[[], object]) -> dict[str, float]:
    """CPU seconds that each of these spent while the work was done."""
    before = {name: _seconds(pid) for name, pid in pids.items()}
    work()
    return {name: _seconds(pid) - before[name] for name, pid in pids.items()}


def line(name: str, seconds: Mapping[str, float], messages: int) -> None:
    """Milliseconds a message, one process beside the other."""
    told = ", ".join(f"{who} {value * 1_000 / messages:.2f}" for who, value in seconds.items())
    print(f"  {name:<44} CPU ms a message: {told}", flush=True)


def server(postgres: Postgres) -> int:
    """The process that all sessions of a PostgreSQL are children of."""
    folder = Path(postgres._server.pgdata)
    return int((folder / "postmaster.pid").read_text().split()[0])


def _seconds(pid: int) -> float:
    stats = {}
    for found in Path("/proc").iterdir():
        if found.name.isdecimal():
            try:
                stats[int(found.name)] = (found / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
    family, ticks = [pid], 0
    while family:
        one = family.pop()
        first, last = _WITH_ENDED if one == pid != os.getpid() else _OWN
        ticks += sum(int(value) for value in stats[one][first:last])
        if pid != os.getpid():
            family += [child for child, stat in stats.items() if int(stat[1]) == one]
    return ticks / _TICKS
