"""A witness for messages under suspicion: a process of their own decides them, and may die of it.

That workers died with a lane in hand proves nothing: somebody may have killed them, or the machine ran out of memory.
So a message that came to so many claims in vain is decided once more in a process that does nothing else, nothing
of which is kept, while the worker looks on. Only where that process dies after it had loaded everything, twice
running, the message is poison. Where the worker that looks on dies as well, the claims go on counting, up to an end.
"""

import os
import pickle
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.ends import described
from app.runtime.installation import Installation
from app.settings import Settings
from app.storage.bodies import Body
from app.storage.claims import ClaimedLane, hold
from app.storage.messages import Message

POISON_CLAIMS = 6
CERTAIN_CLAIMS = 30
COMMAND = (sys.executable, "-m", "app.alone")
LOADED, LIVED = b"l", b"d"
_TRIALS = 2
_LOADING_SECONDS = 60.0
_WALL = 6
_TICK = 0.2
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Case:
    """What the process of its own is given."""

    settings: Settings
    message: Message
    lane: ClaimedLane
    body: Body


def poisonous(
    installation: Installation, message: Message, lane: ClaimedLane, body: Body, stop: Callable[[], bool]
) -> str:
    """Why a message is not tried again; nothing where it is to be decided like any other.

    The lease of its lane is renewed meanwhile.
    """
    if lane.claims < POISON_CLAIMS:
        return ""
    if lane.claims >= CERTAIN_CLAIMS:
        return f"{lane.claims - 1} claims of its lane ended without a result, the last ones on it alone"
    case, end = Case(installation.settings, message, lane, body), ""
    for _ in range(_TRIALS):
        end = end_of(case, _renewing(installation, lane, stop))
        if not end:
            _log.warning("suspect message is sound", message_id=message.id, claims=lane.claims)
            return ""
    return f"{lane.claims - 1} claims of its lane ended without a result; alone in a process it ended that: {end}"


def end_of(case: Case, go_on: Callable[[], bool]) -> str:
    """How a process ended that decided only this message; nothing where it lived or died of something else."""
    try:
        process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:  # no memory for one more: nothing can be said
        _log.warning("no process for a suspect message", message_id=case.message.id, error=str(error))
        return ""
    assert process.stdin is not None and process.stdout is not None
    try:
        with process.stdin as given:
            pickle.dump((os.getpid(), case), given)
        said, hung = _heard(process.stdout.fileno(), case.settings.decide_seconds, go_on)
        if said != LOADED:
            return ""
        return f"it took longer than {hung:.0f} s" if hung else described(process.wait())
    except BrokenPipeError:
        return ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _heard(pipe: int, allowed: int, go_on: Callable[[], bool]) -> tuple[bytes, float]:
    """What the process said until it ended, and the seconds after which it was not waited for any longer."""
    said, since = b"", time.monotonic()
    while go_on():
        limit = _LOADING_SECONDS if not said else allowed * _WALL
        if limit and time.monotonic() - since > limit:
            return said, limit
        if not select.select([pipe], [], [], _TICK)[0]:
            continue
        word = os.read(pipe, 1)
        if not word:
            return said, 0.0
        said, since = said + word, time.monotonic()
    return b"", 0.0


def _renewing(installation: Installation, lane: ClaimedLane, stop: Callable[[], bool]) -> Callable[[], bool]:
    """Whether it is worth going on: nobody said stop, and the lane is still ours."""
    lease = installation.settings.lease_seconds
    renewed = 0.0

    def go_on() -> bool:
        nonlocal renewed
        if stop():
            return False
        if time.monotonic() - renewed < lease / 3:
            return True
        with installation.database.begin() as tx:
            held = hold(tx, [lane], lease)
        renewed = renewed if held.locked else time.monotonic()  # who writes to it now is soon through
        return lane.id in held.lanes or lane.id in held.locked

    return go_on
