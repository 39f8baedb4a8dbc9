"""What calls in flight want done, done together: whoever comes while all threads are busy waits with the others."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

from app.runtime.gathering import MOST_ITEMS

Item = TypeVar("Item")
Result = TypeVar("Result")


class Combining(Generic[Item, Result]):
    """It lives in one event loop and needs no lock; `work` says for each item what became of it, or why not."""

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]], threads: int, name: str
    ) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(threads, name)
        self._free = threads
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()

    async def put(self, item: Item) -> Result:
        """Have it done. Errors: what `work` says of it, or raises for all."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        self._start()
        return await done

    def _start(self) -> None:
        while self._waiting and self._free:
            batch = [self._waiting.popleft() for _ in range(min(MOST_ITEMS, len(self._waiting)))]
            self._free -= 1
            items = [item for item, _ in batch]
            run = asyncio.get_running_loop().run_in_executor(self._pool, self._work, items)
            run.add_done_callback(partial(self._ended, [done for _, done in batch]))

    def _ended(
        self, waiting: Sequence[asyncio.Future[Result]], run: asyncio.Future[Sequence[Result | Exception]]
    ) -> None:
        self._free += 1
        results: Sequence[Result | BaseException]
        try:
            results = run.result()
        except BaseException as error:  # whatever it is, nobody waits for ever
            results = [error] * len(waiting)
        for done, result in zip(waiting, results, strict=True):
            if done.done():  # its call was given up
                continue
            if isinstance(result, BaseException):
                done.set_exception(result)
            else:
                done.set_result(result)
        self._start()
