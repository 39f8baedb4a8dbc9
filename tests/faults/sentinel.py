"""A queue of two servers that a sentinel watches: when the first one dies, the other one takes its place."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.sentinel import MasterNotFoundError, Sentinel

from tests.servers import Valkey, free_port, valkey_binary

NAME = "bells"
# A second without an answer is a death; one sentinel decides alone.
_WATCH = """port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {first} 1
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
"""


class WatchedQueue:
    """The first server, the one that follows it, and their sentinel."""

    def __init__(self, folder: Path) -> None:
        self.first = Valkey(folder / "first", free_port()).start()
        self.second = Valkey(folder / "second", free_port()).start()
        self.second.client().replicaof("127.0.0.1", self.first.port)
        for server in (self.first, self.second):
            server.client().acl_setuser(
                "mapwright", enabled=True, passwords="+a secret", keys="*", channels="*", categories=["+@all"]
            )
        self._port = free_port()
        self.url = f"redis+sentinel://mapwright:a%20secret@127.0.0.1:{self._port}/{NAME}"
        self._watcher = self._watch(folder / "sentinel")

    def _watch(self, folder: Path) -> "subprocess.Popen[bytes]":
        folder.mkdir()
        written = folder / "sentinel.conf"
        written.write_text(_WATCH.format(port=self._port, folder=folder, name=NAME, first=self.first.port))
        arguments = [str(valkey_binary()), str(written), "--sentinel"]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait(lambda sentinel: len(sentinel.discover_slaves(NAME)) == 1)
        return process

    def until_second_leads(self) -> None:
        """Wait until the sentinel sends everybody to the second server."""
        self._wait(lambda sentinel: sentinel.discover_master(NAME)[1] == self.second.port)

    def _wait(self, what: Callable[[Sentinel], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if what(Sentinel([("127.0.0.1", self._port)], socket_timeout=2)):
                    return
            except (redis.RedisError, MasterNotFoundError):
                pass
            time.sleep(0.1)
        raise TimeoutError(f"the sentinel did not get there within {seconds} s")

    def close(self) -> None:
        """End all three."""
        self._watcher.kill()
        self._watcher.wait()
        self.first.stop()
        self.second.stop()
