"""What can be done to containers and projects; all of it is asked for by operations."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiodocker.containers import DockerContainer

from ...acting import mutating
from ...source import BadAnswer
from .course import Course, Step
from .errors import translated
from .models import Container, State
from .observer import Observer

# after its grace a container is killed; the engine takes a moment for that
RESERVE = 30.0


class Commands:
    """The part of a client that starts and stops."""

    observer: Observer

    @asynccontextmanager
    async def _acting_on(self, container: Container) -> AsyncIterator[DockerContainer]:
        """Let the life-cycle know that what happens now was asked for by us."""
        with (
            self.observer.chronicle.operating(container, RESERVE),
            translated(f"containers/{container.name}", acts=True),
        ):
            yield self.observer.api.containers.container(container.id)

    def _owned(self, resource_id: str) -> Container:
        if found := self.observer.roster.owner(resource_id):
            return found
        raise BadAnswer("there is no such container any more")

    @mutating
    async def start(self, resource_id: str) -> None:
        """Start a container, or let it go on where it is frozen."""
        owned = self._owned(resource_id)
        async with self._acting_on(owned) as container:
            if owned.state is State.PAUSED:
                await container.unpause()
            else:
                await container.start()

    @mutating
    async def stop(self, resource_id: str) -> None:
        """Ask a container to stop; the engine kills it when its grace is over."""
        async with self._acting_on(self._owned(resource_id)) as container:
            await container.stop()

    @mutating
    async def restart(self, resource_id: str) -> None:
        """Stop a container, and start it again."""
        async with self._acting_on(self._owned(resource_id)) as container:
            await container.restart()

    @mutating
    async def pause(self, resource_id: str) -> None:
        """Freeze a container's processes."""
        async with self._acting_on(self._owned(resource_id)) as container:
            await container.pause()

    @mutating
    async def unpause(self, resource_id: str) -> None:
        """Let a container's processes go on."""
        async with self._acting_on(self._owned(resource_id)) as container:
            await container.unpause()

    @mutating
    async def kill(self, resource_id: str) -> None:
        """End a container at once."""
        async with self._acting_on(self._owned(resource_id)) as container:
            await container.kill(signal="SIGKILL")

    @mutating
    async def start_project(self, name: str) -> str:
        """Start a project's containers, what others depend on first."""
        course = Course()
        down = [each for each in self._members(name) if not each.is_alive]
        await self._start_all(down, course)
        return course.result()

    @mutating
    async def stop_project(self, name: str) -> str:
        """Stop a project's containers, what depends on others first."""
        course = Course()
        await self._stop_all(
            [c for c in self._members(name) if not c.has_ended], course
        )
        return course.result()

    @mutating
    async def restart_project(self, name: str) -> str:
        """Stop what runs of a project, then start that again in its order.

        Where one cannot be stopped, what was stopped before it does not stay down.
        """
        course = Course()
        running = [each for each in self._members(name) if each.is_alive]
        await self._stop_all(running, course)
        await self._start_all([c for c in running if course.has_stopped(c)], course)
        return course.result()

    def _members(self, name: str) -> tuple[Container, ...]:
        if found := self.observer.host().projects.get(name):
            return found.containers
        raise BadAnswer("there is no such project any more")

    @mutating
    async def _start_all(self, containers: Sequence[Container], course: Course) -> None:
        """Start one after the other, but none that needs one that did not start."""
        course.begin(Step.STARTED)
        for each in containers:
            if not course.blocks(each):
                with course.taking(each):
                    async with self._acting_on(each) as container, _in_time(each):
                        await container.start()

    @mutating
    async def _stop_all(self, containers: Sequence[Container], course: Course) -> None:
        """Stop one after the other, up to the first that does not."""
        course.begin(Step.STOPPED)
        for each in reversed(containers):
            if not course.blocks(each):
                with course.taking(each):
                    async with self._acting_on(each) as container, _in_time(each):
                        await container.stop()


@asynccontextmanager
async def _in_time(container: Container) -> AsyncIterator[None]:
    """Let one of many take as long as it may alone, not all the time of the others."""
    async with asyncio.timeout(container.grace + RESERVE):
        yield
