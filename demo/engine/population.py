"""Who and what there is in a simulated engine, and the book of what happens to it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import hashlib
import time
from typing import Any

from demo.engine.container import NAME, Container, Refusal
from demo.engine.events import Chronicle, Event
from demo.engine.log import Line
from demo.engine.machine import Machine
from demo.engine.meter import Usage
from demo.engine.moment import SECOND
from demo.engine.things import PREDEFINED, CacheRecord, Image, Network, Volume

TAKEN = (
    'Conflict. The container name "/{}" is already in use by container "{}". You have '
    "to remove (or rename) that container to be able to reuse that name."
)
# what Podman tells instead, or does not tell at all
PODMAN_SAYS = {"destroy": "remove", "stop": None}


def wall_clock() -> int:
    """Return the time, looked up anew each time: tests may stop it."""
    return time.time_ns()


class Population:
    """Containers by their ids, and all else by what it is called."""

    def __init__(
        self,
        machine: Machine | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.machine = machine or Machine()
        self.chronicle = Chronicle()
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.volumes: dict[str, Volume] = {}
        self.networks: dict[str, Network] = {}
        self.cache: dict[str, CacheRecord] = {}
        # when which container is started again
        self.planned: dict[str, asyncio.TimerHandle] = {}
        self._seed = seed
        self._made = 0
        self._clock = clock
        self._last = 0
        for name in PREDEFINED:
            self.add_network(name)

    def now(self) -> int:
        """Return the time in nanoseconds, later each time that it is asked for."""
        self._last = max(self._last + 1, self._clock())
        return self._last

    @property
    def seconds(self) -> float:
        """Return the time by which counters grow."""
        return self._clock() / SECOND

    def add(
        self, name: str, *, image: str = "busybox:latest", **traits: Any
    ) -> Container:
        """Create a container, with the image, network and volumes that it needs.

        The traits are fields of `Container`, and of its `Usage` under `usage`.
        """
        if not NAME.fullmatch(name):
            raise Refusal(400, f"Invalid container name ({name})")
        self._refuse_taken(name)
        at = self.now()
        ident = self.draw(name)
        usage = Usage(seed=int(ident[:8], 16), **traits.pop("usage", {}))
        container = Container(
            id=ident,
            name=name,
            image=image,
            image_id=self._image(image).id,
            created=at,
            usage=usage,
            **traits,
        )
        if container.network and container.network not in self.networks:
            self.add_network(container.network)
        for volume in container.volumes:
            self.volumes.setdefault(volume, Volume(name=volume, created=at))
        self.containers[ident] = container
        self.tell_of(container, "create")
        return container

    def find(self, reference: str) -> Container:
        """Return the container with that id, name or beginning of an id."""
        if reference in self.containers:
            return self.containers[reference]
        for container in self.containers.values():
            if container.name == reference.removeprefix("/"):
                return container
        begun = [each for each in self.containers if each.startswith(reference)]
        if len(begun) == 1:
            return self.containers[begun[0]]
        raise Refusal(404, f"No such container: {reference}")

    def network_owner(self, container: Container) -> Container:
        """Return whose network a container uses: its own, or another container's."""
        _, shared, other = container.network_mode.partition("container:")
        if shared:
            with suppress(Refusal):
                return self.find(other)
        return container

    def rename(self, reference: str, name: str) -> None:
        """Give a container another name."""
        container = self.find(reference)
        self._refuse_taken(name)
        old, container.name = container.name, name
        self.tell_of(container, "rename", oldName=f"/{old}")

    def say(self, reference: str, text: str | bytes, stream: str = "stdout") -> None:
        """Let a container print a line."""
        raw = text.encode() if isinstance(text, str) else text
        self.find(reference).log.add(Line(at=self.now(), stream=stream, text=raw))

    def load(
        self, reference: str, *, memory: int | None = None, **paces: float
    ) -> None:
        """Let a container use more or less: `cpu` in cores, the rest in bytes a second."""
        usage = self.find(reference).usage
        usage.change(self.seconds, **paces)
        if memory is not None:
            usage.memory = memory

    def reset(self, reference: str) -> None:
        """Let the counters of a container begin at zero again, though it goes on."""
        self.find(reference).usage.begin(self.seconds)

    def add_image(self, *tags: str, **traits: Any) -> Image:
        """Have an image; without tags it is dangling."""
        ident = f"sha256:{self.draw(*tags)}"
        image = Image(id=ident, created=self.now(), tags=[*tags], **traits)
        self.images[ident] = image
        return image

    def add_network(self, name: str, **traits: Any) -> Network:
        """Have a network."""
        network = Network(id=self.draw(name), name=name, created=self.now(), **traits)
        self.networks[name] = network
        return network

    def add_volume(self, name: str = "", **traits: Any) -> Volume:
        """Have a volume; without a name the engine gives it one."""
        volume = Volume(name=name or self.draw("volume"), created=self.now(), **traits)
        self.volumes[volume.name] = volume
        return volume

    def add_cache(self, size: int, *, in_use: bool = False) -> CacheRecord:
        """Have a part of the build cache."""
        record = CacheRecord(
            id=self.draw("cache")[:25], created=self.now(), size=size, in_use=in_use
        )
        self.cache[record.id] = record
        return record

    def tell(self, kind: str, action: str, actor: str, **attributes: str) -> None:
        """Tell that something happened."""
        self.chronicle.tell(
            Event(
                kind=kind,
                action=action,
                actor=actor,
                at=self.now(),
                attributes=dict(sorted(attributes.items())),
            )
        )

    def tell_of(self, container: Container, action: str, **more: str) -> None:
        """Tell that something happened to a container, as this engine puts it."""
        attributes = {
            **container.labels,
            "image": container.image,
            "name": container.name,
            **more,
        }
        said: str | None = action
        if self.machine.is_podman:
            said = PODMAN_SAYS.get(action, action)
            attributes["containerExitCode"] = more.get("exitCode", "0")
            attributes["podId"] = ""
            attributes.pop("signal", None)
        if said:
            self.tell("container", said, container.id, **attributes)

    def tell_network(self, container: Container, action: str) -> None:
        """Tell that a container was connected to its network, or taken off it."""
        if container.network and not self.machine.is_podman:
            network = self.networks[container.network]
            self.tell(
                "network",
                action,
                network.id,
                container=container.id,
                name=network.name,
                type=network.driver,
            )

    def draw(self, *names: str) -> str:
        """Return an id that no other thing has, always the same for the same seed."""
        self._made += 1
        text = "/".join((str(self._seed), str(self._made), *names))
        return hashlib.sha256(text.encode()).hexdigest()

    def _image(self, name: str) -> Image:
        for image in self.images.values():
            if name in (image.id, *image.tags, *image.digests):
                return image
        return self.add_image(name)

    def _refuse_taken(self, name: str) -> None:
        for container in self.containers.values():
            if container.name == name:
                raise Refusal(409, TAKEN.format(name, container.id))
