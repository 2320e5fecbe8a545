"""What can be done to containers and projects; all of it is asked for by operations."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from aiodocker.containers import DockerContainer

from ...acting import mutating
from ...source import BadAnswer, SourceError
from .errors import translated
from .models import Container, State
from .observer import Observer
from .prune import Item, Tidying, What, Wishes, plan, total, unknown_volumes
from .reading import a_count, a_mapping

# after its grace a container is killed; the engine takes a moment for that
RESERVE = 30.0
USAGE_DEADLINE = 600.0
PIECE_DEADLINE = 120.0
MOST_ITEMS = 1000


class Performing:
    """The changing half of a client."""

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
        return await self._start_all([c for c in self._members(name) if not c.is_alive])

    @mutating
    async def stop_project(self, name: str) -> str:
        """Stop a project's containers, what depends on others first."""
        return await self._stop_all([c for c in self._members(name) if c.is_alive])

    @mutating
    async def restart_project(self, name: str) -> str:
        """Stop what runs of a project, then start that again in its order."""
        running = [c for c in self._members(name) if c.is_alive]
        stopped = await self._stop_all(running)
        return f"{stopped}; {await self._start_all(running)}"

    def _members(self, name: str) -> tuple[Container, ...]:
        if found := self.observer.host().projects.get(name):
            return found.containers
        raise BadAnswer("there is no such project any more")

    @mutating
    async def _start_all(self, containers: Sequence[Container]) -> str:
        done: list[str] = []
        for each in containers:
            with _told(each, done):
                async with self._acting_on(each) as container:
                    await container.start()
        return f"started {', '.join(done) or 'nothing'}"

    @mutating
    async def _stop_all(self, containers: Sequence[Container]) -> str:
        done: list[str] = []
        for each in reversed(containers):
            with _told(each, done):
                async with self._acting_on(each) as container:
                    await container.stop()
        return f"stopped {', '.join(done) or 'nothing'}"

    async def preview_prune(
        self,
        _: str,
        *,
        what: Collection[str],
        all_images: bool,
        named_volumes: bool,
        spared: frozenset[str],
    ) -> dict[str, Any]:
        """Say what pruning would remove."""
        items, kept = await self._plan(what, all_images, named_volumes, spared)
        return {
            "items": [
                {"what": item.what, "name": item.name, "bytes": item.size}
                for item in items[:MOST_ITEMS]
            ],
            "count": len(items),
            "bytes": total(items),
            "kept": kept,
        }

    async def _plan(
        self,
        what: Collection[str],
        all_images: bool,
        named_volumes: bool,
        spared: frozenset[str],
    ) -> tuple[list[Item], list[str]]:
        """Return what would go, and sentences about what is left alone unasked."""
        wishes = Wishes(
            what=frozenset(map(What, what)),
            all_images=all_images,
            named_volumes=named_volumes,
            spared=spared,
        )
        api, observer = self.observer.api, self.observer
        await observer.look()
        usage = await api.read("system/df", deadline=USAGE_DEADLINE)
        networks: object = []
        if What.NETWORKS in wishes.what:
            networks = await api.read("networks", {"filters": '{"dangling":["true"]}'})
        kept = []
        unknown = unknown_volumes(wishes, observer.volumes_of)
        if What.VOLUMES in wishes.what and unknown:
            names = ", ".join(unknown)
            kept.append(f"kept all volumes: nobody knows which ones {names} had")
        items = plan(
            usage, networks, wishes, observer.roster.containers, observer.volumes_of
        )
        return items, kept

    @mutating
    async def prune(
        self,
        _: str,
        *,
        what: Collection[str],
        all_images: bool,
        named_volumes: bool,
        spared: frozenset[str],
    ) -> str:
        """Remove piece by piece what a preview would show now."""
        items, kept = await self._plan(what, all_images, named_volumes, spared)
        tidying = Tidying(kept)
        # first: the images of containers that go now are not among what was shown
        await self._prune_layers(items, tidying, all_images=all_images)
        for item in items:
            if item.what not in {What.IMAGES, What.BUILD_CACHE}:
                path = f"{item.what}/{item.id}"
                with tidying.removing(item.name, path):
                    async with asyncio.timeout(PIECE_DEADLINE):
                        await self.observer.api.remove(path)
                    tidying.note(item.what, item.size)
        return tidying.result()

    @mutating
    async def _prune_layers(
        self, items: Sequence[Item], tidying: Tidying, *, all_images: bool
    ) -> None:
        """Let the engine choose: what depends on what, only it knows."""
        images = self.observer.api.images
        filters = {"dangling": ["false" if all_images else "true"]}
        for what, path, ask in (
            (What.IMAGES, "images/prune", partial(images.prune, filters=filters)),
            (
                What.BUILD_CACHE,
                "build/prune",
                partial(images.prune_builds, all_builds=True),
            ),
        ):
            if any(item.what is what for item in items):
                with tidying.removing(what.replace("_", " "), path):
                    async with asyncio.timeout(USAGE_DEADLINE):
                        answer = await ask()
                    tidying.note(what, a_count(a_mapping(answer).get("SpaceReclaimed")))


@contextmanager
def _told(container: Container, done: list[str]) -> Iterator[None]:
    """Say of a failure what was done before it."""
    try:
        yield
    except SourceError as error:
        before = f" after {', '.join(done)}" if done else ""
        text = f"{container.title}: {error}{before}"
        raise type(error)(text, reason=error.reason, sent=error.sent) from None
    done.append(container.title)
