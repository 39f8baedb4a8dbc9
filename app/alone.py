"""The process in which a message under suspicion is decided alone: `python -m app.alone`, started by a worker.

It is given everything on stdin, says on stdout when it has loaded it and when it has lived through the
decision, writes nothing else anywhere and ends with the worker that started it. See `app.runtime.witness`.
"""

import os
import pickle
import resource
import sys

from app.parents import die_with_parent
from app.runtime.deciding import Decider
from app.runtime.restraint import Restraint
from app.runtime.witness import LIVED, LOADED, Case
from app.wiring import wire


def main() -> None:
    """Decide the message that stdin holds."""
    tell = os.dup(1)
    os.dup2(2, 1)  # what is logged on the way goes aside
    worker, case = pickle.load(sys.stdin.buffer)
    die_with_parent(worker)
    decide(case, tell)


def decide(case: Case, tell: int) -> None:
    """Load first, say so, decide, say so: what happens between the two words is the message's doing."""
    installation = wire(case.settings, "alone")
    installation.compiled(case.message.release_id)
    decider = Decider(installation, {case.body.id: case.body})
    if case.settings.memory_limit > 0:
        resource.setrlimit(resource.RLIMIT_AS, (case.settings.memory_limit,) * 2)
    Restraint(case.settings.decide_seconds).begin(case.message.id)
    os.write(tell, LOADED)
    try:
        decider.decide(case.message, case.lane)
    finally:  # what is raised, is raised in the worker too, which knows what to make of it
        os.write(tell, LIVED)


if __name__ == "__main__":
    main()
