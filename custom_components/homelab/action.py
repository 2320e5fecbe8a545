"""What can be done to a resource, and how much harm it can do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from .source import Source


class Risk(StrEnum):
    """How much harm an action can do."""

    ROUTINE = "routine"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"


@dataclass(frozen=True, kw_only=True)
class Action[S: Source]:
    """Something that can be done to a resource: only operations.py calls `perform`."""

    key: str
    risk: Risk
    perform: Callable[[S, str], Awaitable[None]]
    deadline: float = 60
