"""What a source lets people look at besides its entities: faults, live rows, logs."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .source import Source


@dataclass(frozen=True, kw_only=True)
class Fault[R]:
    """Something that a person has to put right on the machine: a repair issue.

    `found` returns the placeholders of its text, or None when nothing is wrong.
    """

    key: str
    found: Callable[[R], Mapping[str, str] | None]


@dataclass(frozen=True, kw_only=True)
class Live[S: Source]:
    """What a person watches: rows by the ids of a kind, for as long as he looks.

    `key` names the subscription, `rows` the list in its messages.
    """

    key: str
    kind: str
    rows: str
    follow: Callable[[S], AsyncGenerator[Mapping[str, Mapping[str, Any]]]]


class LogLine(Protocol):
    """One line that a resource has printed."""

    @property
    def at(self) -> datetime | None:
        """When."""

    @property
    def stream(self) -> str:
        """Where to: standard output or error."""

    @property
    def text(self) -> str:
        """What; colour codes stay in it."""


# a source, a resource id, how many lines, since when, whether to go on
type ReadLogs = Callable[
    [Any, str, int, datetime | None, bool], AsyncGenerator[LogLine]
]
