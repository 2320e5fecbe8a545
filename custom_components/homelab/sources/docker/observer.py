"""What is known of an engine's containers, kept up to date by its own events."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic, time
from typing import Any

from ...source import BadAnswer
from .access import learn
from .api import Api
from .causes import Causes
from .engine import parse_engine
from .errors import Missing
from .happening import Happening, HappeningType
from .models import Container, DockerHost, Engine, State
from .parser import (
    identify,
    own_addresses,
    parse_container,
    parse_rows,
    published_ports,
)
from .reading import a_mapping, a_truth
from .roster import Roster, projects

AT_ONCE = 5
LEARN_AGAIN = 1800.0
LONG = 3600.0
MOST_REMEMBERED = 2000
_BEGINNINGS = {HappeningType.STARTED, HappeningType.RECREATED}
# of what has happened, so much is kept for whoever has not looked yet
MOST_HAPPENINGS = 100
# of the versions of the API the newest whose answers are known
NEWEST_API = (1, 51)


class Observer:
    """The containers of one engine, and what has become of them."""

    def __init__(
        self,
        api: Api,
        name: str,
        is_ours: Callable[[str, Collection[int], Collection[str]], bool],
    ) -> None:
        """Nothing was asked yet; `is_ours` tells by id, ports and addresses."""
        self.api = api
        self.roster = Roster()
        self.causes = Causes()
        self.volumes_of: dict[str, frozenset[str]] = {}
        self.may: frozenset[str] = frozenset()
        self._name = name
        self._is_ours = is_ours
        self._engine: Engine | None = None
        self._learned: float | None = None
        self._happenings: deque[tuple[int, Happening]] = deque(maxlen=MOST_HAPPENINGS)
        self._number = 0
        self._looking = asyncio.Lock()
        self._doubtful = False
        # the container that last stood for each resource
        self._stood: dict[str, str] = {}
        # what was last told, and who has ended and begun again since
        self._told: Mapping[str, Container] = {}
        self._interrupted: set[str] = set()
        # how far the engine's clock is ahead of ours
        self._ahead = 0.0

    @property
    def engine(self) -> Engine:
        """What the engine said of itself when it was last met."""
        if self._engine is None:
            raise BadAnswer("nobody has asked the engine who it is")
        return self._engine

    async def meet(self) -> Engine:
        """Ask who it is, and what it has."""
        version = await self.api.read("version", versioned=False)
        self.api.speak(version, NEWEST_API)
        info = await self.api.read("info")
        try:
            volumes = await self.api.read("volumes")
        except BadAnswer as error:
            if error.reason != "proxy_forbids":
                raise
            volumes = None
        self._engine = parse_engine(version, info, volumes)
        self.causes.outlive(self._engine.outlived)
        return self._engine

    async def look(self) -> None:
        """List all containers, and ask about those that look different."""
        async with self._looking:
            await self._learn()
            rows = parse_rows(await self.api.read("containers/json", {"all": "1"}))
            different, gone = self.roster.compare(rows)
            for id_ in gone:
                self.roster.drop(id_)
            # much may have happened to whoever looks the same after a gap
            asked = [row.id for row in rows] if self._doubtful else different
            await self.inspect(dict.fromkeys(asked))
            self._doubtful = False

    async def _learn(self) -> None:
        """Find out what is allowed; what is allowed later is noticed within the hour."""
        if self._learned is None or monotonic() - self._learned > LEARN_AGAIN:
            self.may = await learn(self.api)
            self._learned = monotonic()
            for each in [*self.roster.containers.values()]:
                self.roster.take(replace(each, may=self.may))

    async def inspect(self, pending: dict[str, Any]) -> None:
        """Ask about containers, few at a time; who has answered is taken out."""
        queue = iter([*pending])

        async def work() -> None:
            for id_ in queue:
                await self._inspect(id_)
                pending.pop(id_, None)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(pending))):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _inspect(self, id_: str) -> None:
        try:
            raw = await self.api.read(f"containers/{id_}/json")
        except Missing:
            # it went while it was asked about
            self.roster.drop(id_)
            return
        except BadAnswer as error:
            if error.reason == "proxy_forbids":
                raise
            # one that cannot be asked about does not hide the others
            return
        found = parse_container(raw)
        ours = self._is_ours(id_, published_ports(raw), own_addresses(raw))
        self.roster.take(replace(found, may=self.may, ours=ours))
        self.volumes_of[found.resource] = found.volumes
        if len(self.volumes_of) > MOST_REMEMBERED:
            self._forget_strangers()
        self.causes.inspected(
            found,
            auto_remove=a_mapping(raw.get("HostConfig")).get("AutoRemove") is True,
            stopped_by_user=a_truth(a_mapping(raw.get("State")).get("StoppedByUser")),
        )

    def _forget_strangers(self) -> None:
        """Keep nothing of those who came once and never again."""
        there = {each.resource for each in self.roster.containers.values()}
        self.volumes_of = {k: v for k, v in self.volumes_of.items() if k in there}
        self._stood = {k: v for k, v in self._stood.items() if k in there}

    def happened(
        self, name: str, id_: str, at: float, attributes: Mapping[str, Any]
    ) -> None:
        """Take an event, in the engine's order; `at` is the engine's time."""
        self._ahead = at - time()
        known = self.roster.containers.get(id_)
        called = str(attributes.get("name") or id_)
        resource = known.resource if known else identify(attributes, called)[0]
        owner = self.roster.owner(resource)
        replaces = False
        if name == "start":
            replaces = self._stood.get(resource, id_) != id_
            self._stood[resource] = id_
        self._say(
            self.causes.event(
                name,
                id_,
                at,
                attributes,
                resource=resource,
                owns=owner is None or owner.id == id_,
                replaces=replaces,
            )
        )

    def begin(self) -> None:
        """Know who runs, now that somebody listens."""
        owners = self.roster.owners()
        for each in owners.values():
            self._stood.setdefault(each.resource, each.id)
        self._say(self.causes.listed(owners.values(), self._now()))

    def lose(self) -> None:
        """Nobody listens any more."""
        self._doubtful = True
        self._say(self.causes.lost(self._now()))

    def until_due(self) -> float:
        """Return in how many seconds something can be said that nobody knows yet."""
        due = self.causes.next_due()
        return LONG if due is None else max(0.0, due - self._now())

    def say_what_is_due(self) -> bool:
        """Say what has become certain by nothing else having happened."""
        due = self.causes.due(self._now())
        self._say(due)
        return bool(due)

    def _now(self) -> float:
        """Return the engine's time, by the clock of its last event."""
        return time() + self._ahead

    @contextmanager
    def operating(self, id_: str, lasts: float) -> Iterator[None]:
        """Know that what happens to a container now was asked for by us."""
        self.causes.operating(id_, self._now() + lasts)
        yield

    def _say(self, happenings: Iterable[Happening]) -> None:
        """Keep what has happened until everybody has heard of it."""
        for each in happenings:
            self._number += 1
            self._happenings.append((self._number, each))
            told = self._told.get(each.resource)
            if each.type in _BEGINNINGS and told and told.is_on:
                self._interrupted.add(each.resource)

    def interlude(self) -> DockerHost | None:
        """Return how it was between an end and a beginning that nobody has seen."""
        ended, self._interrupted = self._interrupted, set()
        if not ended:
            return None
        down = {
            resource: replace(self._told[resource], state=State.EXITED, started_at=None)
            for resource in ended
        }
        return self._host(self.roster.owners() | down)

    def host(self) -> DockerHost:
        """Return all of it as it is now."""
        self._told = self.roster.owners()
        return self._host(self._told)

    def _host(self, owners: Mapping[str, Container]) -> DockerHost:
        return DockerHost(
            name=self._name,
            engine=self.engine,
            containers=owners,
            projects=projects(owners.values()),
            happenings=tuple(self._happenings),
        )
