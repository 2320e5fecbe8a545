"""What is known of an engine's containers, kept up to date by its own events."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any

from ...source import BadAnswer, SourceError
from .access import learn
from .api import DEADLINE, Api
from .chronicle import Chronicle
from .engine import parse_engine
from .errors import Missing
from .models import Container, DockerHost, Engine, State
from .parser import Row, own_addresses, parse_container, parse_rows, published_ports
from .reading import a_mapping, a_text, a_truth
from .roster import Roster, projects
from .volumes import VolumeCount

AT_ONCE = 5
LEARN_AGAIN = 1800.0
MOST_REMEMBERED = 2000
# without the word a swarm is asked as well
BRIDGE = ("networks/bridge", {"scope": "local"})
RECOGNISING = 2.0
# of Podman's own interface, as old as it may be
PODMAN_API = "4.0.0"
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
        self.chronicle = Chronicle(self.roster)
        self.volumes_of: dict[str, frozenset[str]] = {}
        self.may: frozenset[str] = frozenset()
        self._name = name
        self._is_ours = is_ours
        self._volumes = VolumeCount(api)
        self._engine: Engine | None = None
        self._learned: float | None = None
        self._looking = asyncio.Lock()
        self._doubtful = False
        self._listed: Mapping[str, Row] = {}
        self._removed: dict[str, None] = {}
        # what was last shown
        self._told: Mapping[str, Container] = {}

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
        info, _ = await asyncio.gather(self.api.read("info"), self._volumes.look())
        self._engine = parse_engine(version, info)
        self.chronicle.causes.outlive(self._engine.outlived)
        return self._engine

    async def recognise(self) -> None:
        """Find out which run of the engine answers: each makes its own bridge anew."""
        run = None
        if not self.engine.outlived:
            with suppress(SourceError):
                said = await self.api.read(*BRIDGE, deadline=RECOGNISING)
                run = a_text(a_mapping(said).get("Id"))
        self.chronicle.causes.answered_by(run)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._volumes.close()
        await self.api.close()

    async def look(self) -> None:
        """List all containers, and ask about those that look different."""
        async with self._looking:
            # what is made from now on may not be in the list yet
            before = {*self.roster.containers}
            _, listed = await asyncio.gather(
                self._learn(), self.api.read("containers/json", {"all": "1"})
            )
            rows = parse_rows(listed)
            self._listed = {row.id: row for row in rows}
            self.chronicle.set_clock(self.api.date)
            different, gone = self.roster.compare(rows)
            for id_ in before.intersection(gone):
                self.roster.drop(id_)
            # much may have happened to whoever looks the same after a gap
            asked = [row.id for row in rows] if self._doubtful else different
            await self.inspect(dict.fromkeys(asked))
            self._doubtful = False

    async def _learn(self) -> None:
        """Find out what is allowed; what is allowed later is noticed within the hour."""
        if self._learned is None or monotonic() - self._learned > LEARN_AGAIN:
            self.may, certain = await learn(self.api, self.may)
            self._learned = monotonic() if certain else None
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
        except SourceError as error:
            if error.reason == "proxy_forbids" or not self._hangs_alone(error):
                raise
            # one that cannot be asked about does not hide the others
            known = self.roster.containers.keys() | self._removed.keys()
            if id_ not in known and (row := self._listed.get(id_)):
                self.roster.take(replace(row.described(), may=self.may))
            return
        if id_ in self._removed:
            # the answer is older than that
            return
        found = parse_container(raw)
        ours = self._is_ours(id_, published_ports(raw), own_addresses(raw))
        self.roster.take(replace(found, may=self.may, ours=ours))
        self.volumes_of[found.resource] = found.volumes
        if len(self.volumes_of) > MOST_REMEMBERED:
            self._forget_strangers()
        ended = self.engine.podman and found.has_ended
        self.chronicle.causes.inspected(
            found,
            auto_remove=a_mapping(raw.get("HostConfig")).get("AutoRemove") is True,
            stopped_by_user=await self._was_stopped(id_) if ended else None,
        )

    def _hangs_alone(self, error: SourceError) -> bool:
        """Whether the engine itself is well, as far as one failure lets us know."""
        if error.reason != "too_slow":
            return isinstance(error, BadAnswer)
        return asyncio.get_running_loop().time() - self.api.heard < DEADLINE

    def expect(self, container: Container) -> None:
        """Take a container that was just made, before it is asked about."""
        made = replace(container, state=State.CREATED, may=self.may)
        self.roster.take(made)

    def remove(self, id_: str) -> None:
        """Forget a container for good: none ever has the id of another."""
        self.roster.drop(id_)
        self._removed[id_] = None
        if len(self._removed) > MOST_REMEMBERED:
            del self._removed[next(iter(self._removed))]

    async def _was_stopped(self, id_: str) -> bool | None:
        """Return what only Podman's own interface says: whether a person stopped it."""
        path = f"v{PODMAN_API}/libpod/containers/{id_}/json"
        try:
            said = a_mapping(await self.api.read(path, versioned=False))
        except BadAnswer:
            return None
        return a_truth(a_mapping(said.get("State")).get("StoppedByUser"))

    def _forget_strangers(self) -> None:
        """Keep nothing of those who came once and never again."""
        there = {each.resource for each in self.roster.containers.values()}
        self.volumes_of = {k: v for k, v in self.volumes_of.items() if k in there}
        self.chronicle.forget(there)

    def begin(self) -> None:
        """Know who is there, now that somebody listens."""
        self.chronicle.begin()

    def lose(self) -> None:
        """Nobody listens any more: what is known may soon be wrong."""
        self._doubtful = True
        self.chronicle.lose()

    def interlude(self) -> DockerHost | None:
        """Return how it was between an end and a beginning that nobody has seen."""
        told, owners = self._told, self.roster.owners()
        ended = {r for r, c in owners.items() if r in told and _is_past(told[r], c)}
        if not ended:
            return None
        self.chronicle.shown()
        down = {
            resource: replace(told[resource], state=State.EXITED, started_at=None)
            for resource in ended
        }
        return self._host(owners | down)

    def host(self) -> DockerHost:
        """Return all of it as it is now."""
        return self._host(self.roster.owners())

    def show(self) -> DockerHost:
        """Return it to be shown: what comes next is compared with it."""
        self._told = self.roster.owners()
        self.chronicle.shown()
        return self._host(self._told)

    def _host(self, owners: Mapping[str, Container]) -> DockerHost:
        return DockerHost(
            name=self._name,
            engine=replace(self.engine, volumes=self._volumes.known),
            containers=owners,
            projects=projects(owners.values()),
            happenings=self.chronicle.happenings,
        )


def _is_past(told: Container, now: Container) -> bool:
    """Whether what was shown to run has ended, and runs anew."""
    if not (told.is_on and now.is_on):
        return False
    # what its policy starts again counts as on meanwhile, and is counted
    again = told.restart_count == now.restart_count
    anew = None not in {told.started_at, now.started_at} and (
        told.started_at != now.started_at
    )
    return told.id != now.id or (anew and again)
