"""A loop whose clock runs fast: what takes seconds takes moments, in the same order."""

from asyncio import AbstractEventLoop
from typing import Any

TIMES = 20


def hurry(loop: AbstractEventLoop, times: float = TIMES) -> None:
    """Let a loop's clock run so many times as fast, from now until its end.

    Timers, deadlines and silences of both sides shrink alike; the wall clock does not.
    """
    fast: Any = loop
    clock, select, begin = fast.time, fast._selector.select, fast.time()

    def time() -> float:
        return float(begin + (clock() - begin) * times)

    def wait(timeout: float | None = None) -> Any:
        return select(timeout and timeout / times)

    fast.time, fast._selector.select = time, wait
