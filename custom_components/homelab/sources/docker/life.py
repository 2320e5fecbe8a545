"""One container's life: what was told and asked of it, and how it died."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from .happening import KILL, TERM, Cause, Happening, HappeningType, signal_name

# An engine that stops signals its containers one after the other: of 120, one had died
# before the last was signalled. A death waits so long for company.
SETTLE: Final = 1.0
# So long after the last death an engine that goes down is still heard, at most.
HOLD: Final = 10.0
# What the engine is asked after a death is known by then, or never.
PATIENCE: Final = 5.0
# The policy's own pauses grow to a minute.
POLICY_PAUSE: Final = 75.0
LONGEST_GRACE: Final = 3600.0
# Podman's own words
_WORDS: Final = {"died": "die", "remove": "destroy", "rm": "destroy", "init": "create"}


def in_dockers_words(
    action: str, attributes: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    """Return an event's name and attributes, of which the result of a check is one."""
    word, _, said = action.partition(":")
    if said := said.strip():
        attributes = {**attributes, "health_status": said}
    return _WORDS.get(word, word), attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What the engine told of a container, or what its list gave away."""

    name: str
    id: str
    at: float
    resource: str
    owns: bool = True
    replaces: bool = False
    seen: bool = True
    # whether it is already known that the engine went down
    by_engine: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int | None:
        """How it ended, in Docker's word or in Podman's."""
        for key in ("exitCode", "containerExitCode"):
            code = str(self.attributes.get(key, ""))
            if code.isascii() and code.isdigit() and len(code) < 10:
                return int(code)
        return None


@dataclass(slots=True)
class Asked:
    """That somebody asked a container to end; the signal may be unknown."""

    at: float
    signal: int | None


@dataclass(slots=True)
class Death:
    """An end of which nothing was said yet."""

    at: float
    exit_code: int | None
    # whether the engine told of it, or only its list
    seen: bool = True
    # whether something has shown since that the engine goes on
    engine_lives: bool = False
    # when the container was removed, and whether it stood for its resource
    removed: tuple[float, bool] | None = None


@dataclass(slots=True)
class Life:
    """A container, from what the engine said of it."""

    id: str
    resource: str = ""
    owner: bool = False
    running: bool = False
    began_before: bool = False
    changed: float = -inf
    stop_signal: int = TERM
    grace: float = 10.0
    auto_remove: bool = False
    asked: Asked | None = None
    oom: float | None = None
    # until then, what happens was asked for by us
    operating: float = -inf
    operating_since: float = -inf
    health: str | None = None
    # whether the engine means to start it again after its death; None is unknown
    again: bool | None = None
    ended: Cause | None = None
    death: Death | None = None

    def is_operated(self, at: float) -> bool:
        """Whether what happens at a time was asked for by us."""
        return at <= self.operating

    def is_asked(self, at: float) -> bool:
        """Whether an end at a time was asked for; the word may come a bit after it."""
        asked = self.asked
        return asked is not None and -SETTLE <= at - asked.at <= self.grace + HOLD

    def is_out_of_memory(self, at: float) -> bool:
        """Whether memory ended it: not if somebody asked it to end after that."""
        if self.oom is None or not 0 <= at - self.oom <= HOLD:
            return False
        return self.asked is None or self.asked.at < self.oom

    def verdict(self, death: Death) -> tuple[HappeningType, Cause | None]:
        """Say what a death was, as far as it is known now."""
        if self.is_out_of_memory(death.at):
            return HappeningType.OOM_KILLED, Cause.OOM
        if self.is_operated(death.at):
            return HappeningType.STOPPED, Cause.OPERATION
        if self.is_asked(death.at):
            return HappeningType.STOPPED, Cause.SIGNAL
        return HappeningType.EXITED, Cause.ITSELF if death.seen else None

    def ripe_at(self, death: Death, engine_until: float) -> float:
        """Say when nothing more can come that would change the verdict.

        `engine_until` is when it can no longer be the engine that goes down.
        """
        if self.is_operated(death.at) or self.is_out_of_memory(death.at):
            return death.at
        ripe = death.at if death.engine_lives else max(death.at + SETTLE, engine_until)
        if self.is_asked(death.at):
            return ripe
        # on its own: it may be started again, by the engine's own choice
        waits = {None: PATIENCE, True: POLICY_PAUSE, False: 0.0}
        return max(ripe, death.at + waits[self.again])

    def tell(
        self,
        death: Death,
        type: HappeningType,
        cause: Cause | None,
        at: float | None = None,
    ) -> Happening:
        """Put a death into words."""
        self.ended = cause
        signal = self.asked.signal if self.asked else None
        signalled = type is HappeningType.STOPPED and self.is_asked(death.at)
        return Happening(
            type=type,
            resource=self.resource,
            at=death.at if at is None else at,
            cause=cause,
            exit_code=death.exit_code,
            signal=signal_name(signal) if signalled and signal else None,
        )

    def verdict_on_removal(self, death: Death) -> tuple[HappeningType, Cause | None]:
        """Say what a death was that a removal has followed."""
        what, cause = self.verdict(death)
        if cause is Cause.SIGNAL and self.asked and self.asked.signal in {None, KILL}:
            return what, Cause.REMOVAL
        if what is HappeningType.EXITED and (self.again is None or not death.seen):
            # nobody has seen it dead before it went: Podman tells of no signal
            return HappeningType.STOPPED, Cause.REMOVAL
        return what, cause

    def begin(self, at: float, *, seen: bool) -> None:
        """Forget what was asked of it before it ran; a list may tell of it late."""
        self.running, self.began_before, self.changed = True, True, at
        self.asked = self.oom = self.again = self.ended = None
        if seen or at >= self.operating_since:
            self.operating = -inf
        self.health = ""
