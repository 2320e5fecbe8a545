"""What has happened to containers, in the engine's order and by the engine's clock."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from math import inf
from time import time
from typing import Any

from ...source import SourceError
from .causes import Causes
from .happening import Happening, HappeningType
from .identity import identify
from .models import Container
from .roster import Roster

# of what has happened, so much is kept for whoever has not looked yet: 250 containers
# that are all started again need 500
MOST_HAPPENINGS = 1000
# after an answer the events that belong to it come within this time
AFTERWARDS = 1.0
LONG = 3600.0
# an answer says its time in whole seconds: less than this is no difference
SAME_TIME = 2.0
_CHECKS = {HappeningType.HEALTHY, HappeningType.UNHEALTHY}


class Chronicle:
    """Happenings, numbered: whoever tells them knows which he has told."""

    def __init__(self, roster: Roster) -> None:
        """Nothing has happened yet."""
        self.causes = Causes()
        self._roster = roster
        self._happenings: dict[int, Happening] = {}
        self._number = 0
        # by resource, the latest word of its check since somebody looked
        self._checks: dict[str, int] = {}
        # the container that last stood for each resource
        self._stood: dict[str, str] = {}
        # how far the engine's clock is ahead of ours
        self._ahead = 0.0
        self._skipped = -inf

    @property
    def since(self) -> float | None:
        """From when on events are wanted again."""
        heard = self.causes.heard_at
        return None if heard is None else max(heard, self._skipped)

    def skip(self) -> None:
        """Leave out what cannot be read: it would come again and again."""
        self._skipped = self._now()

    @property
    def happenings(self) -> tuple[tuple[int, Happening], ...]:
        """What has happened lately."""
        return tuple(self._happenings.items())

    def shown(self) -> None:
        """Let the next word of a check stand beside the last: that was looked at."""
        self._checks.clear()

    def set_clock(self, date: str | None) -> None:
        """Take the engine's time from the date of an answer."""
        try:
            ahead = parsedate_to_datetime(date or "").timestamp() - time()
        except ValueError:
            return
        self._ahead = 0.0 if abs(ahead) < SAME_TIME else ahead

    def take(
        self, name: str, id_: str, at: float, attributes: Mapping[str, Any]
    ) -> None:
        """Take an event."""
        known = self._roster.containers.get(id_)
        called = attributes.get("name") or id_
        resource = known.resource if known else identify(attributes, called).resource
        owner = self._roster.owner(resource)
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
        """Know who is there, now that somebody listens."""
        owners = self._roster.owners()
        for each in owners.values():
            self._stood.setdefault(each.resource, each.id)
        self._say(self.causes.listed(owners.values(), self._now()))

    def lose(self) -> None:
        """Nobody listens any more."""
        self._say(self.causes.lost(self._now()))

    def forget(self, there: set[str]) -> None:
        """Keep nothing of resources that came once and never again."""
        self._stood = {k: v for k, v in self._stood.items() if k in there}

    def until_due(self) -> float:
        """Return in how many seconds something can be said that nobody knows yet."""
        due = self.causes.next_due()
        return LONG if due is None else max(0.0, due - self._now())

    def say_what_is_due(self) -> bool:
        """Say what has become certain by nothing else having happened."""
        due = self.causes.due(self._now())
        self._say(due)
        return bool(due)

    @contextmanager
    def operating(self, container: Container, reserve: float) -> Iterator[None]:
        """Know that an end of a container was asked for by us, while it is."""
        now = self._now()
        self.causes.operating(container.id, now + container.grace + reserve, now)
        try:
            yield
        except SourceError as error:
            # what was never done explains nothing
            if not error.sent:
                self.causes.operating(container.id, -inf)
            raise
        self.causes.operated(container.id, self._now() + AFTERWARDS)

    def _now(self) -> float:
        return time() + self._ahead

    def _say(self, happenings: Iterable[Happening]) -> None:
        """Keep what has happened until everybody has heard of it."""
        for each in happenings:
            self._number += 1
            self._happenings[self._number] = each
            if each.type in _CHECKS:
                # a check that changes its mind faster than anybody looks has one word
                self._happenings.pop(self._checks.get(each.resource, 0), None)
                self._checks[each.resource] = self._number
            if len(self._happenings) > MOST_HAPPENINGS:
                del self._happenings[next(iter(self._happenings))]
