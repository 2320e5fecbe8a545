"""Whether a pool is left alone, so that its disks may sleep: told by the stream alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from ...source import SourceError
from .models import Sample, Work

# no operation for so long: the disks may begin to sleep
QUIET = 120
# so long after its last operation it is asked once more: nothing spins down so early
SETTLED = 60
# what a question makes a pool do is written with the next transactions, 5 s apart
ECHO = 6.0
# a question causes no more operations a second than these, each of a record at most
LITTLE = 20
RECORD = 131072
# so long after a question the stream may need to show that the pool does nothing
GRACE = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a pool had come when it was last asked about."""

    moves: int
    demands: int
    at: float


class Quietness:
    """When each pool has last done something, by the clock of the host itself."""

    def __init__(self) -> None:
        """Nothing was seen yet: nothing is quiet."""
        self._active: dict[str, int] = {}
        self._last: int | None = None
        self._heard = float("-inf")
        # since when nothing of them was missed
        self._since = float("-inf")
        # how often there was a reason to ask, and a person who wanted to know
        self._moves: Counter[str] = Counter()
        self._demands: Counter[str] = Counter()
        self._unsettled: set[str] = set()
        self._asking: Counter[str] = Counter()
        self._asked: dict[str, float] = {}
        self._wakings: set[asyncio.Event] = set()

    def forget(self) -> None:
        """Have nothing seen: another machine is meant from now on."""
        self._active, self._asked, self._last = {}, {}, None
        self._heard = float("-inf")
        for each in (self._moves, self._demands, self._unsettled):
            each.clear()

    def take(self, sample: Sample) -> None:
        """See what the pools did; after a gap nothing is known of before."""
        now = monotonic()
        at = sample.at if sample.at is not None else self._last
        if at is None:
            return
        has_gap = self._last is not None and not 0 <= at - self._last <= QUIET
        quiet = {name for name in self._active if self.is_quiet(name)}
        # one that is not there any more while others are: it may have been exported
        missing = {*self._active} - sample.pools.keys() if sample.pools else set()
        # what has other rows than before may only be a part
        gone = set() if sample.reshaped or sample.first else missing
        # whom somebody has asked about just now needs no second question
        fresh = {name for name in self._active if self._is_fresh(name, now)}
        ours = self._ours(now)
        self._last, self._heard = at, now
        self._active = {
            name: at if has_gap else self._active.get(name, at)
            for name in (*sample.pools, *(missing - gone))
        }
        if has_gap:
            self._since = now
        woken = {*self._active} - fresh if has_gap else gone
        for name, work in sample.pools.items():
            if not (_rests(work) or (name in ours and _is_little(work))):
                self._active[name] = at
                self._unsettled.add(name)
                self._moves[name] += 1
                woken |= {name} & quiet
            elif name in self._unsettled and at - self._active[name] >= SETTLED:
                self._unsettled.discard(name)
                woken.add(name)
        self._moves.update(woken)
        if woken or has_gap:
            for event in self._wakings:
                event.set()

    def _is_fresh(self, name: str, now: float) -> bool:
        asked = self._asked.get(name, float("-inf"))
        return self._asking[name] > 0 or now - asked < GRACE

    def _ours(self, now: float) -> frozenset[str]:
        """Return the pools of which a few operations are but what we have caused."""
        ours = frozenset({*+self._asking, *self._asked})
        self._asked = {n: at for n, at in self._asked.items() if now - at < ECHO}
        return ours

    @contextmanager
    def asking(self, names: Iterable[str]) -> Generator[None]:
        """Take what these pools do meanwhile for an effect of the question."""
        pools = tuple(names)
        self._asking.update(pools)
        try:
            yield
        finally:
            self._asking.subtract(pools)
            self._asked |= dict.fromkeys(pools, monotonic())

    async def woken[T](self, read: Callable[[], Awaitable[T]]) -> AsyncGenerator[T]:
        """Read and yield each time that a pool has to be asked about at once."""
        event = asyncio.Event()
        self._wakings.add(event)
        try:
            while True:
                await event.wait()
                event.clear()
                try:
                    found = await read()
                except SourceError:
                    # the next poll tells of it
                    continue
                yield found
        finally:
            self._wakings.discard(event)

    def demand(self, *pools: str) -> None:
        """Have these asked about the next time, however quiet they are."""
        self._demands.update(pools)

    def mark(self, pool: str) -> Mark:
        """Return how far a pool has come."""
        return Mark(
            moves=self._moves[pool], demands=self._demands[pool], at=monotonic()
        )

    def rests(self, pool: str, mark: Mark) -> bool:
        """Whether a pool that was asked about then has to be left alone now."""
        if mark.demands != self._demands[pool]:
            return False
        # who asked long before a gap knows nothing of what came in it
        is_old = mark.moves == self._moves[pool] and mark.at >= self._since - GRACE
        if pool not in self._active or monotonic() - self._heard > QUIET:
            # nobody watches it: not yet, or not any more
            return is_old and monotonic() - mark.at < GRACE
        return is_old or self.is_quiet(pool)

    def is_quiet(self, pool: str) -> bool:
        """Whether it has done nothing for a while, and somebody has watched it."""
        since = self._active.get(pool)
        if since is None or self._last is None or monotonic() - self._heard > QUIET:
            return False
        return self._last - since >= QUIET


def _is_little(work: Work) -> bool:
    """Whether a question alone may have caused it."""
    operations = (work.read_operations or 0) + (work.write_operations or 0)
    size = (work.read_rate or 0) + (work.write_rate or 0)
    return operations <= LITTLE and size <= LITTLE * RECORD


def _rests(work: Work) -> bool:
    # operations are rounded down to whole ones per second: bytes tell of rarer ones
    done = (
        work.read_operations,
        work.write_operations,
        work.read_rate,
        work.write_rate,
    )
    return all(number == 0 for number in done)
