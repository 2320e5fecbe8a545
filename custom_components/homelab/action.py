"""What can be done to a resource, and how much harm it can do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Risk(StrEnum):
    """How much harm an action can do."""

    ROUTINE = "routine"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"


@dataclass(frozen=True, kw_only=True)
class Action[R]:
    """Something that can be done to a resource.

    `perform` is a client's method marked as mutating, called by operations.py alone
    with the resource id and the parameters; what it returns is kept as the result.
    """

    key: str
    risk: Risk
    perform: Callable[..., Awaitable[str | None]]
    # seconds, or how many by the resource's facts (its own grace and a reserve)
    deadline: float | Callable[[R], float] = 60
    # whether the protect list forbids it: every stop, kill, pause, update and removal
    threatens: bool = False
    # ours to wait for, not to end: OS packages, scrubs, prunes
    followed: bool = False
    # whether `perform` takes `spared`, to be called just before anything is chosen with
    # the resources that are there: it returns what is protected, or gone but kept
    spares: bool = False
    # what it would do, without doing it: takes what `perform` takes
    preview: Callable[..., Awaitable[dict[str, Any]]] | None = None
    # whether the resource is as wished already
    wished: Callable[[R], bool] | None = None
    # whether `perform` takes `progress`, to be called with a percentage or None;
    # then the deadline is for the whole, and this many seconds for no progress at all
    patience: float | None = None

    def seconds(self, facts: Any) -> float | None:
        """Return how long it may take; None when it is only followed."""
        if self.followed:
            return None
        return self.deadline(facts) if callable(self.deadline) else self.deadline
