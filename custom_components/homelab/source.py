"""What every source promises, the four errors that it may raise, and their words."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Source(Protocol):
    """A connection to the far end of one entry."""

    @property
    def dropped(self) -> int:
        """How much of what it was told made no sense, and was left out."""

    async def identify(self) -> str:
        """Say who is at the far end, in a form that outlives addresses and restarts.

        Docker: the engine's id (Podman: a hash of host name and storage root). ZFS: the
        machine-id (FreeBSD: kern.hostuuid). Agent: the id it was enrolled with.
        """

    async def close(self) -> None:
        """Let go of every connection, task and file."""


class SourceError(Exception):
    """Something went wrong with a source; `reason` is the key of a translated sentence."""

    default = ""

    def __init__(
        self, detail: str = "", *, reason: str = "", field: str = "", sent: bool = False
    ) -> None:
        """Keep the tool's own words as detail, and the form's field at fault.

        `sent` says that an action had been sent when the answer to it was lost.
        """
        super().__init__(detail or reason or self.default)
        self.reason = reason or self.default
        self.field = field or "base"
        self.sent = sent


class CannotConnect(SourceError):
    """Nobody answers, or contact was lost: worth trying again later."""

    default = "cannot_connect"


class AuthenticationFailed(SourceError):
    """The far end refuses the credentials: a person has to give new ones."""

    default = "invalid_auth"


class WrongIdentity(SourceError):
    """Another machine answers than the one this entry was made for."""

    default = "wrong_identity"


class BadAnswer(SourceError):
    """The far end answered something that cannot be right: only that feed fails."""

    default = "bad_answer"


def redacted(text: str, data: Mapping[str, Any], secrets: Iterable[str]) -> str:
    """Take out of a far end's words whatever of the data nobody may see."""
    found = {str(data.get(key) or "") for key in secrets} - {""}
    # the longest first: one may be part of another
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, "**")
    return text
