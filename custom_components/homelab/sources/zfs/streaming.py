"""One `zpool iostat` for all who want samples: never two, begun anew when it has to be."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from ...backoff import pause
from ...source import BadAnswer, SourceError
from .adding import add_up
from .models import Sample
from .output.iostat import SampleReader
from .quietness import Quietness
from .shell import Shell

SECOND = 1
# all rows of a sample come together; the next stamp only an interval later
FLUSH = 0.3
# while nobody knows which rows there are, some of them may be late
LATE = 2.0
# a stream that shows nothing for so many intervals is begun anew
PATIENCE = 3
MOST_WAITING = 20

# a sample, nothing where the stream has failed, or why there is none any more
type _Item = Sample | SourceError | None


class _Listener:
    """One who wants samples, `seconds` apart."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.items: asyncio.Queue[_Item] = asyncio.Queue()
        self._parts: list[Sample] = []

    def tell(self, item: _Item, seconds: int) -> None:
        """Take what the stream brings, added up where it comes too often."""
        if isinstance(item, Sample) and seconds < self.seconds:
            self._parts.append(item)
            if len(self._parts) * seconds < self.seconds:
                return
            item, self._parts = add_up(self._parts), []
        else:
            self._parts = []
        if isinstance(item, SourceError) or self.items.qsize() < MOST_WAITING:
            self.items.put_nowait(item)


class Iostat:
    """The stream, for as long as somebody listens."""

    def __init__(
        self,
        shell: Shell,
        seconds: int,
        has_pools: Callable[[], bool],
        quietness: Quietness,
    ) -> None:
        """Begin nothing yet."""
        self.seconds = seconds
        self.quietness = quietness
        self._shell = shell
        self._has_pools = has_pools
        self._listeners: list[_Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._pace = 0
        # rows that could not be read, and what is wrong with all of them
        self.dropped = 0
        self.trouble: str | None = None
        self._failures = 0

    async def samples(self, seconds: int) -> AsyncGenerator[Sample | None]:
        """Yield samples; None says that for now there are none."""
        listener = _Listener(seconds)
        self._listeners.append(listener)
        self._adjust()
        try:
            while True:
                item = await listener.items.get()
                if isinstance(item, SourceError):
                    raise item
                yield item
        finally:
            self._listeners.remove(listener)
            self._adjust()

    def restart(self) -> None:
        """Begin anew: the pools are others than it knows of."""
        self._pace = 0
        self._adjust()

    async def close(self) -> None:
        """End it."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _adjust(self) -> None:
        """Have the stream run as fast as the fastest listener wants it."""
        pace = min((each.seconds for each in self._listeners), default=0)
        is_running = self._task is not None and not self._task.done()
        if pace == self._pace and is_running == bool(pace):
            return
        before, self._pace = self._task, pace
        if before:
            before.cancel()
        if pace:
            self._task = asyncio.create_task(self._run(pace, before))

    async def _run(self, seconds: int, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait({before})
        self._failures = 0
        while True:
            try:
                await self._room(seconds)
                await self._read(seconds)
            except BadAnswer:
                self._tell(None, seconds)
            except SourceError as error:
                self._pace = 0
                self._tell(error, seconds)
                return
            self._failures += 1
            await asyncio.sleep(pause(self._failures))

    async def _room(self, seconds: int) -> None:
        """Wait until there is something to watch, and until the last one has ended.

        OpenSSH lets a process be ended only for some users: others end when they next
        print something.
        """
        waited = 0.0
        while not self._has_pools() or self._shell.lingers("iostat"):
            pause = 0.1 if waited < seconds and self._has_pools() else seconds
            await asyncio.sleep(pause)
            waited += pause
            if waited > seconds:
                self._tell(None, seconds)

    async def _read(self, seconds: int) -> None:
        self.trouble = None
        reader, loop = SampleReader(), asyncio.get_running_loop()
        shown, is_open = loop.time(), False
        silence = float(PATIENCE * seconds + 1)
        async with self._shell.stream("iostat", str(seconds), silence=silence) as lines:
            while True:
                sample: Sample | None = None
                try:
                    wait = FLUSH if reader.is_whole else LATE
                    async with asyncio.timeout(wait if is_open else None):
                        line = await anext(lines)
                except TimeoutError:
                    is_open = False
                    # one that has other rows than the last is told by the next stamp
                    if reader.is_whole or reader.is_first:
                        sample = reader.flush()
                except StopAsyncIteration:
                    raise BadAnswer("the stream ended") from None
                else:
                    self._shell.received += len(line) + 1
                    is_open = b"\t" in line or (is_open and not line.strip())
                    sample = reader.feed(line)
                    self.dropped += reader.take_dropped()
                if sample:
                    shown = loop.time()
                    self._take(sample, seconds)
                if loop.time() - shown > silence:
                    self.trouble = reader.trouble
                    raise BadAnswer("nothing but empty samples")

    def _take(self, sample: Sample, seconds: int) -> None:
        self.quietness.take(sample)
        self._failures = 0
        self.trouble = None
        # after a change of the tree a sample may mix up disks
        self._tell(None if sample.reshaped else sample, seconds)

    def _tell(self, item: _Item, seconds: int) -> None:
        for listener in self._listeners:
            listener.tell(item, seconds)
