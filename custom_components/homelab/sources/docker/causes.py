"""Why containers started or ended, told from the engine's own order of events.

Every time is the engine's, in seconds. A death is said at once where its cause is
certain. Otherwise it waits for others to follow, because then the engine itself may be
going down, and for what the engine means to do with the container.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Any, Final

from .gap import Gap
from .happening import TERM, Cause, Happening, HappeningType, signal_number
from .life import HOLD, LONGEST_GRACE, SETTLE, Asked, Event
from .listing import Listing, Seen, runs
from .lives import Lives

__all__ = ["Cause", "Causes", "Happening", "HappeningType"]

# A list may be older than what events have said meanwhile.
LISTING_AGE: Final = 5.0
REMEMBERED: Final = 2048


class Causes:
    """What may be said of containers, from events, lists and their absence."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self._lives = Lives()
        self._known: dict[int, None] = {}
        self._heard: float | None = None
        self._gap: Gap | None = None
        self._listing: Listing | None = None
        self._run: str | None = None
        self._met = False

    def outlive(self, outlived: bool) -> None:
        """Know whether containers outlive their engine: Podman's, or by live-restore."""
        self._lives.outlived = outlived

    def answered_by(self, run: str | None) -> None:
        """Know which run of the engine answers; None where it does not say."""
        self._run = run

    @property
    def heard_at(self) -> float | None:
        """From when on events are wanted again: the last one included, as a sign."""
        return None if self._heard is None else self._heard - 1e-6

    def event(
        self,
        name: str,
        container_id: str,
        at: float,
        attributes: Mapping[str, Any],
        *,
        resource: str,
        owns: bool = True,
        replaces: bool = False,
    ) -> list[Happening]:
        """Take an event; `owns` and `replaces` are about the container's resource."""
        if self._is_known(hash((at, container_id, name))):
            if self._gap:
                self._gap.same_run = True
            return []
        self._heard = at
        if name == "destroy":
            self._is_known(hash(container_id))
        event = Event(
            name=name,
            id=container_id,
            at=at,
            resource=resource,
            owns=owns,
            replaces=replaces,
            attributes=attributes,
        )
        if self._gap is None:
            return self._lives.take(event)
        self._gap.events.append(event)
        return self._bridge(self._gap) if len(self._gap.events) >= REMEMBERED else []

    def _is_known(self, key: int) -> bool:
        if key in self._known:
            return True
        self._known[key] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return False

    def _is_gone(self, container_id: str) -> bool:
        return hash(container_id) in self._known

    def inspected(
        self,
        seen: Seen,
        *,
        auto_remove: bool = False,
        stopped_by_user: bool | None = None,
    ) -> None:
        """Take what the engine says of one container; after a death, of what it plans.

        `stopped_by_user` is Podman's, which tells of no signal when it stops one.
        """
        if self._is_gone(seen.id):
            # the answer is older than its end
            return
        life = self._lives.life(seen.id)
        life.resource, life.auto_remove = seen.resource, auto_remove
        life.stop_signal = signal_number(seen.stop_signal) or TERM
        life.grace = seen.grace if 0 <= seen.grace <= LONGEST_GRACE else LONGEST_GRACE
        if life.health is None:
            life.health = seen.health
        if life.running or seen.state is None:
            return
        # whoever runs already was started, and the event is under way
        life.again = seen.state == "restarting" or runs(seen)
        if (death := life.death) is None:
            return
        # an engine that goes down starts nothing again
        death.engine_lives = death.engine_lives or seen.state == "restarting"
        if seen.oom_killed and life.oom is None:
            life.oom = death.at
        if stopped_by_user and life.asked is None:
            life.asked = Asked(death.at, None)

    def operating(self, container_id: str, until: float, since: float = -inf) -> None:
        """Know that what happens to a container until then was asked for by us."""
        life = self._lives.life(container_id)
        life.operating, life.operating_since = until, since

    def operated(self, container_id: str, until: float) -> None:
        """Know that it was answered: what it has caused has come, or comes until then."""
        life = self._lives.by_id.get(container_id)
        # whatever ended the waiting came before the answer
        if life and life.operating > -inf:
            life.operating = until

    def lost(self, at: float) -> list[Happening]:
        """Know that nobody listens any more: where all had died, it was the engine."""
        if self._gap:
            return []
        self._gap, self._listing = Gap(lost=at, run=self._run), None
        said = self._lives.ripe(at)
        if self._lives.engine_until() > -inf:
            said += self._lives.blame_engine()
        return said

    def listed(self, seen: Iterable[Seen], at: float) -> list[Happening]:
        """Take all containers that stand for a resource, and know that we listen again.

        What differs from the events is said when those under way have come.
        """
        self._listing = Listing(at, {each.id: each for each in seen})
        if self._met:
            return []
        self._met, gap, self._gap = True, self._gap, None
        self._heard = at if self._heard is None else self._heard
        listing, self._listing = self._listing, None
        self._reconcile(listing, at - LISTING_AGE)
        events = gap.events if gap else []
        return [each for event in events for each in self._lives.take(event)]

    def due(self, now: float) -> list[Happening]:
        """Say what has become certain because nothing else has happened."""
        said: list[Happening] = []
        listing, gap = self._listing, self._gap
        if listing and now >= listing.at + SETTLE:
            if gap:
                said += self._bridge(gap)
            else:
                self._listing = None
                said += self._reconcile(listing, listing.at - LISTING_AGE)
        elif gap and listing is None and now >= gap.lost + HOLD:
            said += self._lives.blame_engine()
        elif gap:
            return []
        return sorted(said + self._lives.ripe(now), key=lambda each: each.at)

    def next_due(self) -> float | None:
        """Return when there may be something to say without any event."""
        times = []
        if self._listing:
            times.append(self._listing.at + SETTLE)
            if self._gap:
                return times[0]
        if (ripe := self._lives.next_ripe()) is not None:
            times.append(max(ripe, self._gap.lost + HOLD) if self._gap else ripe)
        return min(times, default=None)

    def _bridge(self, gap: Gap) -> list[Happening]:
        """Tell what was missed, now that it is known who has survived it."""
        listing, self._listing, self._gap = self._listing, None, None
        before = {life.id for life in self._lives.running()}
        died = {event.id for event in gap.events if event.name == "die"}
        survived = any(
            listing is None or (listing.began(id_) or inf) <= gap.lost + SETTLE
            for id_ in before - died
        )
        down = not survived and gap.is_over_in_another_run(self._run, before)
        said = self._lives.blame_engine() if down else []
        for event in sorted(gap.events, key=lambda each: each.at):
            if down and event.name == "start" and event.id in before:
                # it had ended with the engine, before whatever has happened since
                end = replace(event, name="die", at=gap.lost, attributes={})
                said += self._lives.take(replace(end, seen=False, by_engine=True))
                before.discard(event.id)
            blamed = down and not self._lives.outlived and event.id in before
            said += self._lives.take(replace(event, by_engine=blamed))
            if event.name == "die":
                before.discard(event.id)
        if listing:
            said += self._reconcile(listing, gap.lost, gap.lost if down else None)
        # it has answered since
        until = listing.at if listing else gap.events[-1].at
        return said + self._lives.spare_engine(until)

    def _reconcile(
        self, listing: Listing, changed_before: float, engine_lost: float | None = None
    ) -> list[Happening]:
        """Tell what the events have not; who was removed meanwhile is no news."""
        said = []
        here = {k: v for k, v in listing.containers.items() if not self._is_gone(k)}
        listing = Listing(listing.at, here)
        for event in listing.untold(self._lives, changed_before, engine_lost):
            said += self._lives.take(event)
        for seen in listing.containers.values():
            life = self._lives.life(seen.id)
            life.resource, life.owner = seen.resource, True
            life.health = life.health or seen.health
        return said
