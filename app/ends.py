"""How a process ended, in words: its exit code, its last words, and whether starting it again can help."""

import signal
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from threading import Thread

_LINES = 30
_TAIL = 8_192
_HINTS = {
    signal.SIGKILL: "killed: by hand, or the machine was short of memory",
    signal.SIGXCPU: "one message used more CPU than MAPWRIGHT_DECIDE_SECONDS allows",
    signal.SIGSEGV: "a fault in a library",
}
_CODES = {75: "one message hung", 3: "refused to start"}
_NEVER = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError")


class Tail(Thread):
    """Passes on what a process writes to stderr, and keeps the end of it."""

    def __init__(self, process: Popen[bytes]) -> None:
        super().__init__(daemon=True, name=f"stderr-{process.pid}")
        self._process = process
        self._lines: deque[str] = deque(maxlen=_LINES)
        self.start()

    def run(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                self._lines.append(line.decode(errors="replace").rstrip())
                try:
                    sys.stderr.buffer.write(line)
                    sys.stderr.buffer.flush()
                except (OSError, ValueError):  # nobody reads ours any more
                    pass

    def words(self, wait: float = 0.5) -> list[str]:
        """The last lines, once the process has ended and its pipe is read."""
        self.join(wait)
        return [line for line in self._lines if line.strip()]


def last_lines(log: Path | None) -> list[str]:
    """The last lines of a log."""
    if log is None or not log.exists():
        return []
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        text = file.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-_LINES:]


def last_words(lines: Sequence[str]) -> str:
    """The line that says most: the last one."""
    return lines[-1].strip()[:500] if lines else "it said nothing"


def described(code: int) -> str:
    """An exit code for people."""
    if code >= 0:
        return f"exit code {code}" + (f" ({_CODES[code]})" if code in _CODES else "")
    name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else str(-code)
    hint = _HINTS.get(signal.Signals(-code)) if name != str(-code) else None
    return f"signal {name}" + (f" ({hint})" if hint else "")


def hopeless(code: int, lines: Sequence[str]) -> bool:
    """Whether the same start ends the same way: wrong settings, wrong use, a module that can't be imported."""
    return code in (2, 3) or (code == 1 and last_words(lines).startswith(_NEVER))
