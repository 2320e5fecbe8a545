"""The verdict on a request: do it, hold it until a person decides, or refuse it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any
from unicodedata import normalize

from .action import Action, Risk
from .const import CONF_AUTOMATE_ROUTINE, CONF_PENDING_EXPIRY, CONF_PROTECT, CONF_RATE
from .operation import Asker, AskerKind

PENDING_EXPIRY = 60
RATE = 10


def _plain(name: str) -> str:
    """Return a name as it is compared: neither case nor composition matters."""
    return normalize("NFC", name).casefold()


class Rule(StrEnum):
    """What the user wants to happen with requests of one risk."""

    ALLOW = "allow"
    ASK = "ask"
    ALWAYS_ASK = "always_ask"
    DENY = "deny"


class Guard(StrEnum):
    """Why nothing may threaten a resource, as its source knows."""

    MARKED = "marked"
    OURS = "ours"


class Verdict(StrEnum):
    """What happens with one request."""

    ALLOWED = "allowed"
    HELD = "held"
    DENIED = "denied"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the user has set for an entry."""

    rules: Mapping[Risk, Rule]
    automate_routine: bool
    protect: tuple[str, ...]
    pending_expiry: int
    rate: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Policy:
        """Read the options; everything asks by default."""
        return cls(
            rules={risk: Rule(options.get(risk, Rule.ASK)) for risk in Risk},
            automate_routine=options.get(CONF_AUTOMATE_ROUTINE, False),
            protect=tuple(
                filter(
                    None, (pattern.strip() for pattern in options.get(CONF_PROTECT, ()))
                )
            ),
            pending_expiry=options.get(CONF_PENDING_EXPIRY, PENDING_EXPIRY),
            rate=options.get(CONF_RATE, RATE),
        )

    def forbids(
        self, action: Action[Any], names: Iterable[str], guard: Guard | None
    ) -> str | None:
        """Return why nobody may do this, by whatever way it is asked."""
        if self.rules[action.risk] is Rule.DENY:
            return f"the options deny everything {action.risk}"
        if not action.threatens:
            return None
        if guard is Guard.OURS:
            return "Home Assistant, its connection or its agent runs in it"
        if guard is Guard.MARKED:
            return "it is marked as protected where it runs"
        if pattern := self.protects(names):
            return f"the protect list names it ({pattern})"
        return None

    def protects(self, names: Iterable[str]) -> str | None:
        """Return the pattern of the protect list that one of the names matches."""
        known = [_plain(name) for name in names]
        return next(
            (
                pattern
                for pattern, plain in ((p, _plain(p)) for p in self.protect)
                if any(name == plain or fnmatchcase(name, plain) for name in known)
            ),
            None,
        )

    def judge(
        self, action: Action[Any], asker: Asker, *, is_administrator: bool
    ) -> Verdict:
        """Decide on what is not forbidden."""
        rule = self.rules[action.risk]
        routine = action.risk is Risk.ROUTINE
        if asker.kind is AskerKind.PERSON:
            may = rule is not Rule.ALWAYS_ASK and (routine or is_administrator)
        else:
            may = rule is Rule.ALLOW or (
                rule is Rule.ASK and routine and self.automate_routine
            )
        return Verdict.ALLOWED if may else Verdict.HELD
