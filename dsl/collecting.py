"""Checking and compiling make many objects and keep nearly all of them: looking for garbage meanwhile finds none.

In large rule sets that search takes more than half of the time. So it waits until the work is done.
"""

import gc
from threading import Lock
from types import TracebackType

_lock = Lock()
_paused = False


class collection_later:
    """Inside, the collector of cycles rests; of several at once (threads, one in another) only the first decides.

    So it never rests longer than one piece of work takes.
    """

    __slots__ = ("_mine",)

    def __enter__(self) -> None:
        global _paused
        with _lock:
            self._mine = not _paused and gc.isenabled()
            if self._mine:
                _paused = True
                gc.disable()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _paused
        if self._mine:
            with _lock:
                _paused = False
                gc.enable()
