"""What the engine's answers give away that its events have not told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import inf, isfinite
from typing import Final, Protocol

from .life import Event, Life
from .lives import Lives

# between what an event and what an answer call the start of the same run
SAME_START: Final = 2.0
_RUNNING = {"running", "paused"}


class Seen(Protocol):
    """A container, as the engine answers when it is asked."""

    @property
    def id(self) -> str:
        """What the engine calls it."""

    @property
    def resource(self) -> str:
        """What outlives it."""

    @property
    def state(self) -> str | None:
        """The engine's word for what it does."""

    @property
    def health(self) -> str | None:
        """What its own check says."""

    @property
    def started_at(self) -> datetime | None:
        """Since when it runs."""

    @property
    def oom_killed(self) -> bool | None:
        """Whether memory has ended it; Podman says so nowhere else."""

    @property
    def stop_signal(self) -> str:
        """What it is sent to end, by name or number."""

    @property
    def grace(self) -> float:
        """Seconds that it then has."""


def runs(seen: Seen) -> bool:
    """Whether a container has processes."""
    return seen.state in _RUNNING


@dataclass(frozen=True, slots=True)
class Listing:
    """All containers that stand for a resource, as they were at a time."""

    at: float
    containers: dict[str, Seen]

    def began(self, id_: str) -> float | None:
        """Return since when a container runs; None if it does not, -inf if unknown."""
        seen = self.containers.get(id_)
        if seen is None or not runs(seen):
            return None
        return seen.started_at.timestamp() if seen.started_at else -inf

    def untold(
        self, lives: Lives, changed_before: float, engine_lost: float | None = None
    ) -> Iterator[Event]:
        """Yield the events that must have happened, for each container in their order.

        Who has changed since `changed_before` is left out: events know that better.
        `engine_lost` is when the engine went down and took everybody with it.
        """
        known = [*lives.by_id.values()]
        present = {seen.resource for seen in self.containers.values()}
        claims = {(life.resource, life.id) for life in known}
        starting = {
            seen.id: self._start(seen, claims)
            for seen in self.containers.values()
            if runs(seen)
        }
        for life in known:
            if life.changed > changed_before:
                starting.pop(life.id, None)
                continue
            stood = life.owner and life.resource not in present
            yield from self._untold_of(life, stood, engine_lost)
            # whoever takes these changes the life meanwhile
            if life.running:
                starting.pop(life.id, None)
        yield from starting.values()

    def _untold_of(
        self, life: Life, stood: bool, engine_lost: float | None
    ) -> Iterator[Event]:
        began = self.began(life.id)
        ended = self.at if began is None else began
        if life.running and (began is None or began > life.changed + SAME_START):
            yield Event(
                name="die",
                id=life.id,
                at=ended if engine_lost is None else engine_lost,
                resource=life.resource,
                owns=life.owner,
                seen=False,
                by_engine=engine_lost is not None,
            )
        if life.id not in self.containers:
            yield Event(
                name="destroy",
                id=life.id,
                at=self.at,
                resource=life.resource,
                owns=stood,
            )

    def _start(self, seen: Seen, claims: set[tuple[str, str]]) -> Event:
        began = self.began(seen.id)
        return Event(
            name="start",
            id=seen.id,
            at=self.at if began is None or not isfinite(began) else began,
            resource=seen.resource,
            seen=False,
            replaces=any(r == seen.resource and i != seen.id for r, i in claims),
        )
