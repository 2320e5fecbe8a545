"""A way to an engine on which single requests get lost, and single answers fall silent."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self


class Relay:
    """Passes on what comes; whatever names one of `held` or `muted` goes no further."""

    def __init__(self, path: Path, target: Path) -> None:
        """Listen on one socket, and connect to another."""
        self._path = path
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        # requests that never arrive
        self.held: set[bytes] = set()
        # requests to which the answer stops coming
        self.muted: set[bytes] = set()
        # how many bytes of answers have passed
        self.passed = 0

    @property
    def url(self) -> str:
        """Return how a client calls it."""
        return f"unix://{self._path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        asked: list[bytes] = [b""]
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.TaskGroup() as group:
                back = group.create_task(self._answer(far_reader, writer, asked))
                while request := await reader.read(65536):
                    # requests have no bodies here: each is read as a whole
                    asked[0] = request
                    if not any(name in request for name in self.held):
                        far_writer.write(request)
                        await far_writer.drain()
                back.cancel()
        except* OSError:
            pass
        finally:
            writer.close()
            far_writer.close()

    async def _answer(
        self,
        far_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: list[bytes],
    ) -> None:
        while answer := await far_reader.read(65536):
            if not any(name in asked[0] for name in self.muted):
                self.passed += len(answer)
                writer.write(answer)
                await writer.drain()
        writer.close()
