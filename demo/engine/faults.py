"""What can be wrong with an engine, and with the way to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from demo.engine.proxy import Proxy


class OneShot(StrEnum):
    """How an engine takes `one-shot`."""

    PROMPT = "prompt"
    # until the next cycle of its collector, as before engine 25
    WAITS = "waits"
    # as before it knew the word: two cycles, with the figures of both
    IGNORED = "ignored"


@dataclass(kw_only=True)
class Faults:
    """Switches that tests and the demo may turn at any time.

    Requests are named as they are counted: `GET /containers/{id}/stats`. Where one
    container is meant, its name stands in the place of `{id}`.
    """

    # each answer begins so many seconds late
    delay: float = 0
    one_shot: OneShot = OneShot.PROMPT
    proxy: Proxy | None = None
    # these are answered so, and nothing is done
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    # these are done, but the connection breaks before the answer
    lost: set[str] = field(default_factory=set)
    # these are done, but answered so many seconds after that
    late: dict[str, float] = field(default_factory=dict)
    # the next frame or answer of these breaks off in its middle, and the connection too
    cut: set[str] = field(default_factory=set)
    # instead of their next frame, these send a line of so many bytes without its end
    flood: dict[str, int] = field(default_factory=dict)
    # what an answer says is handed through this: fields may be missing, or be nonsense
    edit: Callable[[str, Any], Any] | None = None
    _speaking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Begin with a voice."""
        self._speaking.set()

    @property
    def silent(self) -> bool:
        """Whether nothing is answered or sent any more, while connections stay open."""
        return not self._speaking.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._speaking.clear()
        else:
            self._speaking.set()

    async def voice(self) -> None:
        """Wait until something may be sent."""
        await self._speaking.wait()

    def edited(self, request: str, said: Any) -> Any:
        """Return what is said instead."""
        return self.edit(request, said) if self.edit else said
