"""One operation: what was asked of which resource, by whom, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, override

LONGEST_TEXT = 4096  # bytes
TEXTS = (
    *("id", "entry_id", "host", "kind", "resource_id", "resource", "action", "risk"),
    "verdict",
)

# an entry, a kind and a resource id
type Subject = tuple[str, str, str]


class State(StrEnum):
    """Where an operation stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DENIED = "denied"


# the last state, and the texts that go with it
type Ending = tuple[State, dict[str, Any]]


class AskerKind(StrEnum):
    """What sort of thing asked."""

    PERSON = "person"
    AUTOMATION = "automation"
    SCRIPT = "script"
    ASSISTANT = "assistant"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who asked."""

    kind: AskerKind
    user_id: str | None = None
    name: str | None = None

    @override
    def __str__(self) -> str:
        """Say it as a person would."""
        if self.kind is AskerKind.PERSON:
            return self.name or "somebody"
        return f"{self.kind} {self.name}" if self.name else f"the {self.kind}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """The record that is kept; times are set as it moves on."""

    id: str
    entry_id: str
    host: str
    kind: str
    resource_id: str
    resource: str
    device_id: str | None
    action: str
    risk: str
    asked_by: Asker
    requested_at: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = ""
    state: State = State.PENDING
    decided_by: str | None = None
    expires_at: datetime | None = None
    decided_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: str | None = None
    error: str | None = None
    looked: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The resource's kind and id."""
        return (self.kind, self.resource_id)

    @property
    def subject(self) -> Subject:
        """What it acts on: one operation at a time."""
        return (self.entry_id, self.kind, self.resource_id)

    @property
    def awaits_decision(self) -> bool:
        """Whether a person has to decide; one that waits its turn is decided."""
        return self.state is State.PENDING and self.decided_at is None

    def is_overdue(self, now: datetime) -> bool:
        """Whether nobody may decide any more: it has expired."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in (State.PENDING, State.RUNNING)

    @property
    def ran(self) -> bool:
        """Whether anything was ever done."""
        return self.started_at is not None

    def moved(self, state: State, now: datetime, **changes: Any) -> Self:
        """Return it in its next state, with the times and texts that belong to it."""
        if state is State.RUNNING:
            changes["started_at"] = now
        elif state is not State.PENDING and self.ended_at is None:
            changes["ended_at"] = now
        for text in ("result", "error"):
            if changes.get(text):
                changes[text] = cut(changes[text])
        return replace(self, state=state, **changes)

    def decided(self, who: str | None, now: datetime) -> Self:
        """Return it with the decision that lets it go on, or ends it."""
        return replace(self, decided_by=who, decided_at=now)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        found = asdict(self)
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in found.items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read it back; whatever is not as written raises."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        for key, value in values.items():
            if key.endswith("_at") and value is not None:
                values[key] = datetime.fromisoformat(value)
                if values[key].tzinfo is None:
                    raise ValueError(f"{key} has no time zone")
        for key in TEXTS:
            if not isinstance(values[key], str):
                raise TypeError(f"{key} is no text")
        if not isinstance(values.get("parameters", {}), dict):
            raise TypeError("the parameters are none")
        asker = values["asked_by"]
        if not all(isinstance(asker[k], str | None) for k in ("user_id", "name")):
            raise TypeError("who asked is no text")
        values["asked_by"] = Asker(**{**asker, "kind": AskerKind(asker["kind"])})
        values["state"] = State(values["state"])
        return cls(**values)


def cut(text: str) -> str:
    """Keep the beginning of a text that is too long to keep."""
    raw = text.encode()
    if len(raw) <= LONGEST_TEXT:
        return text
    end = "…"
    kept = raw[: LONGEST_TEXT - len(end.encode())]
    return kept.decode(errors="ignore") + end


def describe(operation: Operation) -> str:
    """Say what it is about, as in a list."""
    return describe_parts(operation.action, operation.resource, operation.host)


def describe_parts(action: str, resource: str, host: str) -> str:
    """Put the words of a description together."""
    where = f" on {host}" if resource != host else ""
    return f"{action.replace('_', ' ').capitalize()} of {resource}{where}"


def as_event(operation: Operation, before: State | None) -> dict[str, Any]:
    """Return what the event bus and our actions tell of an operation."""
    data = operation.as_dict()
    return {
        "operation_id": operation.id,
        "previous_state": before,
        **{
            key: data[key]
            for key in (
                "entry_id",
                "device_id",
                "resource",
                "action",
                "parameters",
                "risk",
                "state",
                "asked_by",
                "decided_by",
                "requested_at",
                "decided_at",
                "started_at",
                "ended_at",
                "result",
                "error",
            )
        },
        "host": operation.host,
    }
