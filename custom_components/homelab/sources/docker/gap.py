"""A time in which nobody listened, and what was heard of it afterwards."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .life import SETTLE, Event


@dataclass(slots=True)
class Gap:
    """It begins when contact is lost, and lasts until it is known who has survived it."""

    lost: float
    # the run of the engine before it, where that was known
    run: str | None
    events: list[Event] = field(default_factory=list)
    # an event that comes again comes from the same run
    same_run: bool = False

    def is_over_in_another_run(self, run: str | None, before: Collection[str]) -> bool:
        """Whether the engine has begun anew meanwhile; `before` are those that ran.

        An event from before that does not come again says little: the engine keeps the
        last 256, and each run of a check takes the place of three.
        """
        if self.same_run or None not in {self.run, run}:
            return not self.same_run and self.run != run
        # who has outlived a run of the engine is told to end by the next, all at once
        told = sorted(self._told_to_end(before))
        return all(later - earlier <= SETTLE for earlier, later in pairwise(told))

    def _told_to_end(self, before: Collection[str]) -> Iterator[float]:
        """Yield when those that ran were told to end, by whomever."""
        waiting = {*before}
        for event in sorted(self.events, key=lambda each: each.at):
            if event.name in {"kill", "start"} and event.id in waiting:
                waiting.remove(event.id)
                if event.name == "kill":
                    yield event.at
