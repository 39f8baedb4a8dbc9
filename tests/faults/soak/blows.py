"""What a run does to its installation: one blow at a time, chosen from a seed, counted by kind."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import redis

from app.design.errors import AlreadyLive, NothingToRollBack, PointerMoved
from app.design.promotions import promote, rollback
from app.runtime.recovery import replay_message
from tests.faults.processes import Process
from tests.faults.soak.moods import Moods
from tests.faults.soak.site import EDITIONS, Site
from tests.faults.soak.traffic import Traffic
from tests.journey import ENVIRONMENT


class Blows:
    """The blows of a run; each leaves the installation able to heal."""

    def __init__(self, site: Site, traffic: Traffic, moods: Moods, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._site, self._traffic, self._moods = site, traffic, moods
        self._dice = random.Random(f"{seed}/blows")
        self._frozen: list[threading.Thread] = []
        self._edition = self.moves = 0
        self._kinds = self._chosen()

    def _chosen(self) -> dict[Callable[[], str], int]:
        always: dict[Callable[[], str], int] = {
            self._kill_worker: 6, self._freeze_worker: 4, self._end_worker: 1, self._kill_clock: 2,
            self._freeze_clock: 1, self._kill_web: 2, self._flush: 4, self._restart_redis: 2, self._redis_reads_only: 1,
            self._dark_hour: 2, self._promote: 3, self._roll_back: 1, self._replay: 3,
        }  # fmt: skip
        if self._site.postgres:
            always |= {self._end_sessions: 5, self._stop_database: 1, self._unsteady: 2}
        return always

    def strike(self) -> str:
        """One blow; its name. The second one of a run is a promotion, so that two releases are at work."""
        (blow,) = self._dice.choices(list(self._kinds), list(self._kinds.values()))
        if sum(self.counts.values()) == 1:
            blow = self._promote
        name = blow()
        self.counts[name] += 1
        return name

    def end(self) -> None:
        """Wait for what thaws by itself, and bring everything back."""
        for thread in self._frozen:
            thread.join(20)
        client = self._site.valkey.client()
        try:
            client.replicaof("NO", "ONE")
        except redis.RedisError:
            self._site.valkey.start()
        self._moods.heal()
        self._site.heal()

    def _kill_worker(self) -> str:
        place = self._dice.randrange(len(self._site.workers))
        self._site.workers[place].kill()
        self._site.replace(self._site.workers, place, "worker")
        return "kill -9 worker"

    def _end_worker(self) -> str:
        place = self._dice.randrange(len(self._site.workers))
        worker = self._site.workers[place]
        if worker.alive:
            worker.signal(signal.SIGCONT)
            worker.signal(signal.SIGTERM)
        return "SIGTERM worker"

    def _unsteady(self) -> str:
        place = self._dice.randrange(len(self._site.workers))
        self._site.workers[place].kill()
        self._site.replace(self._site.workers, place, "unsteady")
        return "clock steps of an hour"

    def _freeze_worker(self) -> str:
        self._freeze(self._dice.choice(self._site.workers), self._dice.uniform(1, 5.5))
        return "SIGSTOP worker"

    def _freeze_clock(self) -> str:
        self._freeze(self._dice.choice(self._site.clocks), 6)
        return "SIGSTOP clock"

    def _freeze(self, process: Process, seconds: float) -> None:
        def thaw() -> None:
            time.sleep(seconds)
            if process.alive:
                process.signal(signal.SIGCONT)

        if process.alive:
            process.signal(signal.SIGSTOP)
            self._frozen = [thread for thread in self._frozen if thread.is_alive()]
            self._frozen.append(threading.Thread(target=thaw, daemon=True))
            self._frozen[-1].start()

    def _kill_clock(self) -> str:
        place = self._dice.randrange(len(self._site.clocks))
        self._site.clocks[place].kill()
        self._site.replace(self._site.clocks, place)
        return "kill -9 clock"

    def _kill_web(self) -> str:
        """Sometimes the parent, whose child goes with it; sometimes the child, which the parent replaces."""
        (web,) = self._site.web
        child = _child_of(web.pid)
        if child and self._dice.random() < 0.5:
            os.kill(child, signal.SIGKILL)
        else:
            web.kill()
        return "kill -9 web server"

    def _flush(self) -> str:
        self._redis(lambda client: client.flushall())
        return "FLUSHALL"

    def _redis_reads_only(self) -> str:
        self._redis(lambda client: client.replicaof("127.0.0.1", "1"))
        time.sleep(self._dice.uniform(0.5, 3))
        self._redis(lambda client: client.replicaof("NO", "ONE"))
        return "Redis read-only"

    def _restart_redis(self) -> str:
        self._site.valkey.kill()
        time.sleep(self._dice.uniform(0, 3))
        self._site.valkey.start()
        return "Redis stopped"

    def _redis(self, work: Callable[[redis.Redis], object]) -> None:
        try:
            work(self._site.valkey.client())
        except redis.RedisError:
            self._site.valkey.kill()
            self._site.valkey.start()

    def _end_sessions(self) -> str:
        assert self._site.postgres is not None
        share = self._dice.choice((0.2, 0.5, 1.0))
        self._site.postgres.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'soak'"
            f" and pid <> pg_backend_pid() and random() < {share}"
        )
        return "sessions terminated"

    def _stop_database(self) -> str:
        assert self._site.postgres is not None
        self._site.postgres.stop("immediate")
        time.sleep(self._dice.uniform(0, 2))
        self._site.postgres.start()
        return "PostgreSQL stopped"

    def _dark_hour(self) -> str:
        self._moods.darken(self._dice.uniform(1, 4))
        return "target away"

    def _promote(self) -> str:
        self._edition = (self._edition + 1) % len(EDITIONS)
        release = next(
            id for id, edition in self._site.releases.items() if edition == EDITIONS[self._edition]
        )
        self._move(lambda tx: promote(tx, release, ENVIRONMENT, "soak", "in mid-stream"))
        return "promotion"

    def _roll_back(self) -> str:
        self._move(lambda tx: rollback(tx, ENVIRONMENT, "journey", "soak", "in mid-stream"))
        return "rollback"

    def _move(self, work: Callable[..., object]) -> None:
        def move() -> None:
            try:
                with self._site.installation.database.begin() as tx:
                    work(tx)
            except (AlreadyLive, NothingToRollBack, PointerMoved):  # the next one will move it
                return
            self.moves += 1

        self._site.insist(move)

    def _replay(self) -> str:
        done = [
            sent for sent in list(self._traffic.sent)[-400:] if sent.mode in ("", "kept") and sent.message_id
        ]
        for sent in self._dice.sample(done, min(3, len(done))):
            try:
                replay_message(
                    self._site.installation, sent.message_id, by="soak", reason="again", release="current"
                )
            except Exception:  # the database is away; what was stored all the same is counted from SQL
                return "replay"
        return "replay"


def _child_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
    except OSError:
        return 0
    return int(children[0]) if children else 0
