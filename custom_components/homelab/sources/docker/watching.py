"""What a person watches: every running container once a second, for as long as he looks."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress

import orjson

from ...backoff import pause
from ...source import SourceError
from .api import Api
from .errors import translated
from .models import Container, DockerHost, Engine, State
from .reading import a_mapping
from .stats import Frame, Numbers, measure, parse_frame

# frames come every second: silence for this long means that nobody is there
SILENCE = 15.0
SECOND = 1.0

type Row = Mapping[str, object]


async def watch(
    api: Api, host: Callable[[], DockerHost]
) -> AsyncGenerator[Mapping[str, Row]]:
    """Yield a row for each container, by resource, every second."""
    streams: dict[str, _Stream] = {}
    try:
        while True:
            now = host()
            running = {
                c.id: c
                for c in now.containers.values()
                if c.state in {State.RUNNING, State.PAUSED}
            }
            for id_ in running.keys() - streams.keys():
                streams[id_] = _Stream(api, now.engine, running[id_])
            for id_ in streams.keys() - running.keys():
                streams.pop(id_).task.cancel()
            yield {
                each.resource: {
                    "name": each.title,
                    "project": each.project,
                    "state": each.state,
                    "health": each.health,
                    **_numbers(
                        streams[each.id].numbers if each.id in streams else None
                    ),
                }
                for each in now.containers.values()
            }
            await asyncio.sleep(SECOND)
    finally:
        tasks = [stream.task for stream in streams.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _numbers(found: Numbers | None) -> Row:
    return {
        key: getattr(found, key, None)
        for key in (
            *("cpu", "memory", "memory_limit", "receive_rate", "send_rate"),
            *("read_rate", "write_rate"),
        )
    }


class _Stream:
    """One container's frames, as they come."""

    def __init__(self, api: Api, engine: Engine, container: Container) -> None:
        self._api = api
        self._engine = engine
        self._container = container
        self.numbers: Numbers | None = None
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        attempts = 0
        while True:
            with suppress(SourceError):
                before: Frame | None = None
                path = f"containers/{self._container.id}/stats"
                lines = self._api.lines(path, {"stream": "1"}, silence=SILENCE)
                async with aclosing(lines):
                    async for line in lines:
                        with translated(path):
                            frame = parse_frame(
                                a_mapping(orjson.loads(line)),
                                networked=self._container.networked,
                            )
                        self._take(before, frame)
                        before, attempts = frame, 0
            self.numbers = None
            attempts += 1
            await asyncio.sleep(pause(attempts))

    def _take(self, before: Frame | None, frame: Frame | None) -> None:
        self.numbers = None
        if frame:
            engine = self._engine
            self.numbers = measure(
                before, frame, podman=engine.podman, cpus=engine.cpus
            )
            self._api.dropped += self.numbers.dropped
