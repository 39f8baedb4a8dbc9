"""One view on the figures of all processes of a data folder.

prometheus_client keeps the values of each process in memory-mapped files of its own, named by process id;
they would grow with every restart, and a disk that fills up would kill the process that writes into a hole
of such a file. So each process takes a numbered place (worker-1, worker-2, ...) that it holds by a lock and
its successor takes over, and the files are given their room before anything is counted.
"""

import fcntl
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import CollectorRegistry, Metric, start_http_server, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.settings import Settings
from app.telemetry import metrics

_ROOM = 1 << 20
_MOST_PROCESSES = 256
_FILES = ("counter", "histogram", "gauge_mostrecent")
_log = structlog.get_logger(__name__)
_held: dict[str, IO[bytes]] = {}


def share(settings: Settings, kind: str) -> str:
    """Count where every process of the data folder sees it; the place of this process, empty where it can't."""
    folder = folder_of(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = _take_place(folder, kind)
        for name in _FILES:
            _give_room(folder / f"{name}_{place}.db")
    except OSError as error:
        _log.warning("figures are not shared", folder=str(folder), error=str(error))
        return ""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)
    note_memory(place)
    return place


def folder_of(settings: Settings) -> Path:
    """Where the figures of this data folder stand."""
    return settings.home.resolve() / "metrics"


def note_memory(place: str) -> None:
    """Say how much memory this process holds, where it has a place."""
    if not place:
        return
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    metrics.show("mapwright_process_memory_bytes", place, value=pages * resource.getpagesize())


def everybody(settings: Settings) -> CollectorRegistry:
    """Figures of all processes of the data folder as of each moment it is asked; this one's where none are shared."""
    registry = CollectorRegistry()
    registry.register(_Everybody(folder_of(settings)))
    return registry


class _Everybody(Collector):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Values of all files added up; a file that a kill left broken is left out."""
        sound = [str(path) for path in sorted(self._folder.glob("*.db")) if _sound(path)]
        found: Iterable[Metric] = MultiProcessCollector.merge(sound) if sound else metrics.registry.collect()
        return found


def serve_metrics(settings: Settings) -> None:
    """Give /metrics on `metrics_bind`, where one is set, from a thread: for hosts without a web server.

    Workers and clock of a host give the same figures, so whoever comes first serves them.
    """
    if not settings.metrics_bind:
        return
    host, _, port = settings.metrics_bind.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]") or "127.0.0.1", everybody(settings))
    except OSError as error:
        _log.info("metrics are served by another process", bind=settings.metrics_bind, reason=str(error))


def _take_place(folder: Path, kind: str) -> str:
    for number in range(1, _MOST_PROCESSES + 1):
        place = f"{kind}-{number}"
        lock = open(folder / f"{place}.lock", "ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _held[place] = lock
        return place
    raise OSError(f"all {_MOST_PROCESSES} places are taken")


def _give_room(path: Path) -> None:
    """Real room on the disk, so that counting never writes into a hole; a broken file begins anew."""
    if path.exists() and not _sound(path):
        path.unlink()
    with open(path, "ab") as file:
        os.posix_fallocate(file.fileno(), 0, max(_ROOM, path.stat().st_size))


def _sound(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            used = int.from_bytes(file.read(4), sys.byteorder, signed=True)
        if not 0 <= used <= path.stat().st_size:
            raise ValueError(f"{used} bytes used")
        list(MmapedDict.read_all_values_from_file(str(path)))
    except (OSError, RuntimeError, ValueError, IndexError, struct.error) as error:
        _log.warning("figures left out", file=path.name, error=str(error)[:200])
        return False
    return True
