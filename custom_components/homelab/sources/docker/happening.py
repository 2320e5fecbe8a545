"""What can happen to a container, who can be behind it, and the names of signals."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KILL: Final = 9
TERM: Final = 15
_RTMIN = 34
_NAMES = (
    *("", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1"),
    *("SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP"),
    *("TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR"),
    "SYS",
)


class HappeningType(StrEnum):
    """What happened to a container."""

    STARTED = "started"
    STOPPED = "stopped"
    EXITED = "exited"
    OOM_KILLED = "oom_killed"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    RESTARTED_BY_POLICY = "restarted_by_policy"
    RECREATED = "recreated"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    REMOVED = "removed"
    ENGINE_STOPPED = "engine_stopped"


class Cause(StrEnum):
    """Who or what was behind it."""

    OPERATION = "operation"
    SIGNAL = "signal"
    REMOVAL = "removal"
    POLICY = "policy"
    OOM = "oom"
    ENGINE = "engine"
    ITSELF = "itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened to a resource, on the engine's clock.

    A cause of None is an unknown one.
    """

    type: HappeningType
    resource: str
    at: float
    cause: Cause | None = None
    exit_code: int | None = None
    signal: str | None = None


def signal_number(word: object) -> int | None:
    """Return Linux' number of a signal that is given by number or name."""
    text = str(word).strip().upper().removeprefix("SIG")
    if text.isascii() and text.isdigit():
        number = int(text[:4])
        return number if 0 < number <= 64 else None
    name, _, offset = text.partition("+")
    if name == "RTMIN" and (not offset or (offset.isdigit() and len(offset) < 3)):
        return _RTMIN + int(offset or 0)
    return _NAMES.index(text) if text and text in _NAMES else None


def signal_name(number: int) -> str:
    """Return what people call a signal."""
    if number < len(_NAMES):
        return f"SIG{_NAMES[number]}"
    return f"SIGRTMIN+{number - _RTMIN}" if number >= _RTMIN else str(number)
