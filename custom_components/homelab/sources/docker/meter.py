"""Rounds of numbers: every container that matters is asked once, few at a time."""

from asyncio import TaskGroup, get_running_loop
from collections.abc import Iterable, Iterator
from datetime import datetime

from ...source import BadAnswer, CannotConnect
from .api import DEADLINE, Api
from .models import Container, Engine, Readings, State, Totals
from .reading import a_mapping
from .stats import Frame, Numbers, measure, parse_frame

AT_ONCE = 5
# seconds without any answer at all: then nobody is there
SILENCE = 15.0
# one run of a container
type Run = tuple[str, datetime | None]
ONE_SHOT = {"stream": "0", "one-shot": "1"}


class Meter:
    """Keeps each container's previous sample: one alone says nothing of a rate."""

    def __init__(self, api: Api) -> None:
        """Nothing was measured yet."""
        self._api = api
        self._frames: dict[Run, Frame] = {}

    async def measure(
        self, containers: Iterable[Container], engine: Engine
    ) -> Readings:
        """Ask each container that runs for its numbers."""
        asked = [c for c in containers if c.state in {State.RUNNING, State.PAUSED}]
        runs = {_run(each) for each in asked}
        # what was made or started anew begins anew
        self._frames = {k: v for k, v in self._frames.items() if k in runs}
        round_ = _Round(self._api, engine, self._frames)
        queue = iter(asked)
        try:
            async with TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(asked))):
                    group.create_task(round_.work(queue))
        except ExceptionGroup as errors:
            # whoever fails ends the round: one word of it is enough
            raise errors.exceptions[0] from None
        round_.check()
        return Readings(containers=round_.numbers, totals=_totals(round_.numbers))


def _run(container: Container) -> Run:
    return (container.id, container.started_at)


def _totals(numbers: dict[str, Numbers]) -> Totals:
    """Add up what is known; nothing known is unknown, not nothing."""
    cpu = [each.cpu for each in numbers.values() if each.cpu is not None]
    memory = [each.memory for each in numbers.values() if each.memory is not None]
    return Totals(
        cpu=min(sum(cpu), 100.0) if cpu else None,
        memory=sum(memory) if memory else None,
    )


class _Round:
    """One round, worked on by a few at a time."""

    def __init__(self, api: Api, engine: Engine, frames: dict[Run, Frame]) -> None:
        self._api = api
        self._engine = engine
        self._frames = frames
        self._clock = get_running_loop().time
        # whoever leaves the first questions alone was silent before them, too
        self._heard = self._clock() - (SILENCE - DEADLINE)
        self._answered = False
        self._failure: CannotConnect | None = None
        self.numbers: dict[str, Numbers] = {}

    async def work(self, queue: Iterator[Container]) -> None:
        """Ask one container after the other; one that fails has no numbers."""
        for container in queue:
            patience = self._heard + SILENCE - self._clock()
            try:
                raw = await self._api.read(
                    f"containers/{container.id}/stats",
                    ONE_SHOT,
                    deadline=min(DEADLINE, patience),
                )
            except BadAnswer as error:
                if error.reason == "proxy_forbids":
                    raise
                self._hear()
            except CannotConnect as error:
                self._failure = error
                if self._clock() >= self._heard + SILENCE:
                    raise
            else:
                self._hear()
                self._take(
                    container,
                    parse_frame(a_mapping(raw), networked=container.networked),
                )

    def _hear(self) -> None:
        self._heard = self._clock()
        self._answered = True

    def check(self) -> None:
        """Tell one container's own trouble from that of all."""
        if self._failure and not self._answered:
            raise self._failure

    def _take(self, container: Container, frame: Frame | None) -> None:
        if frame is None:
            self._frames.pop(_run(container), None)
            return
        before = self._frames.get(_run(container))
        self._frames[_run(container)] = frame
        numbers = measure(
            before, frame, podman=self._engine.podman, cpus=self._engine.cpus
        )
        self._api.dropped += numbers.dropped
        self.numbers[container.resource] = numbers
