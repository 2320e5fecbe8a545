"""What a client can change: containers and projects, and what nobody uses any more."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from ...acting import mutating
from .commands import Commands
from .prune import (
    Item,
    Tidying,
    What,
    Wishes,
    networks_of,
    plan,
    total,
    unknown_volumes,
)
from .reading import a_count, a_mapping

USAGE_DEADLINE = 900.0
# whoever hangs up ends what the engine is at: this is for one that will never answer
LAYERS_DEADLINE = 3600.0
PIECE_DEADLINE = 120.0
MOST_ITEMS = 1000

# of the resources that are there: which are protected, or gone but kept
type Spared = Callable[[Collection[str]], frozenset[str]]


class Performing(Commands):
    """The changing half of a client."""

    async def preview_prune(
        self,
        _: str,
        *,
        what: Collection[str],
        all_images: bool,
        named_volumes: bool,
        spared: Spared,
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
        spared: Spared,
    ) -> tuple[list[Item], list[str]]:
        """Return what would go, and sentences about what is left alone unasked."""
        api, observer = self.observer.api, self.observer
        # whose last container goes while the engine counts is used by nobody by its count
        volumes = self._volumes()
        await observer.look()
        volumes |= self._volumes()
        usage = await api.read("system/df", deadline=USAGE_DEADLINE)
        networks, rows = [], []
        if What.NETWORKS in what:
            networks = await api.read("networks", {"filters": '{"dangling":["true"]}'})
            rows = await api.read("containers/json", {"all": "1"})
        # nothing is waited for from here on
        wishes = Wishes(
            what=frozenset(map(What, what)),
            all_images=all_images,
            named_volumes=named_volumes,
            spared=spared(self._there()),
            volumes=volumes | self._volumes(),
            networks=networks_of(rows),
        )
        kept = []
        unknown = unknown_volumes(wishes, observer.volumes_of)
        if What.VOLUMES in wishes.what and unknown:
            names = ", ".join(unknown)
            kept.append(f"kept all volumes: nobody knows which ones {names} had")
        items = plan(
            usage, networks, wishes, observer.roster.containers, observer.volumes_of
        )
        return items, kept

    def _there(self) -> set[str]:
        """Return the containers and projects that there are now."""
        containers = self.observer.roster.containers.values()
        projects = {each.project for each in containers if each.project}
        return projects | {each.resource for each in containers}

    def _volumes(self) -> frozenset[str]:
        """Return what the containers have that are there now."""
        containers = self.observer.roster.containers.values()
        return frozenset().union(*(each.volumes for each in containers))

    @mutating
    async def prune(
        self,
        _: str,
        *,
        what: Collection[str],
        all_images: bool,
        named_volumes: bool,
        spared: Spared,
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
                    async with asyncio.timeout(LAYERS_DEADLINE):
                        answer = await ask()
                    tidying.note(what, a_count(a_mapping(answer).get("SpaceReclaimed")))
