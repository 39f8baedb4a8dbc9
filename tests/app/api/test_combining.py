"""Calls in flight that are worked on together."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from app.combining import Combining


def test_what_comes_while_all_threads_are_busy_is_done_together() -> None:
    seen: list[list[int]] = []
    go = threading.Event()

    def work(items: Sequence[int]) -> list[int | Exception]:
        seen.append(list(items))
        go.wait(10)
        return [item * 2 for item in items]

    async def run() -> list[int]:
        combining = Combining(work, 1, "test")
        calls = [asyncio.create_task(combining.put(number)) for number in range(5)]
        while not seen:
            await asyncio.sleep(0.001)
        go.set()
        return await asyncio.gather(*calls)

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]
    assert seen == [[0], [1, 2, 3, 4]]


def test_what_is_wrong_with_one_is_said_to_it_alone() -> None:
    def work(items: Sequence[int]) -> list[int | Exception]:
        return [ValueError("odd") if item % 2 else item for item in items]

    async def run() -> list[int | BaseException]:
        combining = Combining(work, 1, "test")
        return await asyncio.gather(*map(combining.put, range(3)), return_exceptions=True)

    assert [str(one) for one in asyncio.run(run())] == ["0", "odd", "2"]


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_nobody_waits_for_ever_for_work_that_broke(error: type[BaseException]) -> None:
    def work(items: Sequence[int]) -> list[int | Exception]:
        raise error()

    async def run() -> None:
        combining = Combining(work, 1, "test")
        for _ in range(2):
            with pytest.raises(error):
                await asyncio.wait_for(combining.put(1), 10)

    if error is SystemExit:
        with pytest.raises(SystemExit):
            asyncio.run(run())
    else:
        asyncio.run(run())


def test_a_call_that_was_given_up_leaves_the_others() -> None:
    go = threading.Event()

    def work(items: Sequence[int]) -> list[int | Exception]:
        go.wait(10)
        return list(items)

    async def run() -> int:
        combining = Combining(work, 1, "test")
        first, given_up, last = (asyncio.create_task(combining.put(number)) for number in range(3))
        await asyncio.sleep(0.01)
        given_up.cancel()
        go.set()
        return await first + await last

    assert asyncio.run(run()) == 2
