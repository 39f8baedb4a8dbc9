"""Where a process of a test dies, stops or fails: functions of the product, wrapped by the test's own process.

The product has no hooks for tests. A process of `tests.faults.processes` reads MAPWRIGHT_TEST_WOUNDS before it
starts to work and wraps what is named there, so that its n-th call ends the process exactly at that point.
"""

import functools
import importlib
import json
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

VARIABLE = "MAPWRIGHT_TEST_WOUNDS"
_DEEDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass(frozen=True)
class Wound:
    """At the n-th call of `module:name`, before or after it, the process kills or stops itself.

    `holding` names a text: only calls with it in one of their arguments count.
    """

    place: str
    when: Literal["before", "after"] = "before"
    call: int = 1
    deed: Literal["kill", "stop"] = "kill"
    holding: str = ""


def wounded(*wounds: Wound) -> dict[str, str]:
    """The environment variable that inflicts them on a process."""
    return {VARIABLE: json.dumps([asdict(wound) for wound in wounds])}


def stopped(pid: int) -> bool:
    """Whether a process lies still after SIGSTOP."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def inflict(environ: Mapping[str, str]) -> bool:
    """Wrap what this process was told to die at; whether there is anything."""
    wounds = [Wound(**given) for given in json.loads(environ.get(VARIABLE, "[]"))]
    for wound in wounds:
        _wrap(wound)
    return bool(wounds)


def _wrap(wound: Wound) -> None:
    module, _, path = wound.place.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    setattr(owner, name, _wrapped(getattr(owner, name), wound))


def _wrapped(function: Callable[..., Any], wound: Wound) -> Callable[..., Any]:
    counted, lock = [0], threading.Lock()

    def due(words: Any) -> bool:
        if wound.holding and wound.holding not in repr(words):
            return False
        with lock:
            counted[0] += 1
            return counted[0] == wound.call

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        hit = due((arguments, named))
        if hit and wound.when == "before":
            os.kill(os.getpid(), _DEEDS[wound.deed])
        result = function(*arguments, **named)
        if hit and wound.when == "after":
            os.kill(os.getpid(), _DEEDS[wound.deed])
        return result

    return wrapper
