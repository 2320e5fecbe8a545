"""What the engine tells: its events, as it keeps and sends them."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from typing import Any

# as many as a real engine keeps
KEPT = 256
# the older form repeats three things beside the actor
REPEATING = ("container", "image")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened, to whom, and when in nanoseconds."""

    kind: str
    action: str
    actor: str
    at: int
    attributes: Mapping[str, str] = field(default_factory=dict)

    def line(self, *, repeating: bool) -> bytes:
        """Return it as one line, in the older form with what that repeats."""
        said: dict[str, Any] = {}
        if repeating and self.kind in REPEATING:
            said["status"] = self.action
            if self.actor:
                said["id"] = self.actor
            if "image" in self.attributes:
                said["from"] = self.attributes["image"]
        said |= {
            "Type": self.kind,
            "Action": self.action,
            "Actor": {"ID": self.actor, "Attributes": dict(self.attributes)},
            "scope": "local",
            "time": self.at // 1_000_000_000,
            "timeNano": self.at,
        }
        return json.dumps(said, separators=(",", ":")).encode() + b"\n"

    def passes(self, filters: Mapping[str, Sequence[str]]) -> bool:
        """Whether it is among what was asked for."""
        return all(self._passes(key, wanted) for key, wanted in filters.items())

    def _passes(self, key: str, wanted: Sequence[str]) -> bool:
        match key:
            case "type":
                return self.kind in wanted
            case "event":
                # with what stands behind a colon, or without
                return self.action in wanted or self.action.partition(":")[0] in wanted
            case "container":
                name = self.attributes.get("name")
                return self.kind == "container" and any(
                    each == name or self.actor.startswith(each) for each in wanted
                )
            case "label":
                return all(has_label(self.attributes, each) for each in wanted)
            case "image":
                return self.attributes.get("image", self.actor) in wanted
            case _:
                return self.kind == key and self.actor in wanted


def has_label(labels: Mapping[str, str], wanted: str) -> bool:
    """Whether there is such a label, with that value if one is named."""
    key, with_value, value = wanted.partition("=")
    return key in labels and (not with_value or labels[key] == value)


class Subscriber:
    """One who listens: what was not sent yet, and whether more will come."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._rang = asyncio.Event()
        self._ended = False

    def hear(self, event: Event) -> None:
        """Put an event where it will be taken from."""
        self._waiting.append(event)
        self._rang.set()

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ended = True
        self._rang.set()

    async def take(self) -> list[Event]:
        """Wait for events and return them all; nothing is the end."""
        while not self._waiting and not self._ended:
            self._rang.clear()
            await self._rang.wait()
        taken = [*self._waiting]
        self._waiting.clear()
        return taken


class Chronicle:
    """The events of an engine: the last of them, and those who listen."""

    def __init__(self) -> None:
        self.kept: deque[Event] = deque(maxlen=KEPT)
        self.subscribers: set[Subscriber] = set()

    def tell(self, event: Event) -> None:
        """Keep an event, and tell everybody who listens."""
        self.kept.append(event)
        for subscriber in self.subscribers:
            subscriber.hear(event)

    def since(self, start: int, end: int | None) -> list[Event]:
        """Return what is still known of a span of time, its ends included."""
        return [
            event
            for event in self.kept
            if event.at >= start and (end is None or event.at <= end)
        ]

    def end_streams(self) -> None:
        """Let everybody who listens come to a clean end."""
        for subscriber in self.subscribers:
            subscriber.end()
