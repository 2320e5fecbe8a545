"""A proxy before the engine's socket, with the rules of Tecnativa's docker-socket-proxy."""

from collections.abc import Iterable
import re

# what is open without being asked for
OPEN = frozenset({"EVENTS", "PING", "VERSION"})
SECTIONS = (
    *("auth", "build", "commit", "configs", "containers", "distribution", "events"),
    *("exec", "grpc", "images", "info", "networks", "nodes", "plugins", "secrets"),
    *("services", "session", "swarm", "system", "tasks", "version", "volumes"),
)
PREFIX = r"^(/v[\d.]+)?(/\w+)?"
ONE = rf"{PREFIX}/containers/[a-zA-Z0-9_.-]+"
REFUSAL = (
    "<html><body><h1>403 Forbidden</h1>\n"
    "Request forbidden by administrative rules.\n</body></html>\n"
)
# in this order, with the variable that each needs
ALLOWED = (
    (rf"{ONE}/((stop)|(restart)|(kill))", "ALLOW_RESTARTS"),
    (rf"{ONE}/start", "ALLOW_START"),
    (rf"{ONE}/stop", "ALLOW_STOP"),
    (rf"{PREFIX}/_ping", "PING"),
    *((rf"{PREFIX}/{section}", section.upper()) for section in SECTIONS),
)
# what later releases close although CONTAINERS is open
CLOSED = (
    *((rf"{ONE}/{what}", f"ALLOW_{what.upper()}") for what in ("exec", "kill")),
    *((rf"{ONE}/{what}", f"ALLOW_{what.upper()}") for what in ("attach", "archive")),
    *((rf"{ONE}/{what}", f"ALLOW_{what.upper()}") for what in ("export", "logs")),
)


class Proxy:
    """What it lets through depends on its variables."""

    def __init__(
        self,
        variables: Iterable[str] = (),
        *,
        closed: Iterable[str] = (),
        granular: bool = False,
    ) -> None:
        """Open some sections, close some that are open by themselves.

        The granular rules are those of later releases.
        """
        self.variables = {*OPEN, *variables} - {*closed}
        self.granular = granular

    def refuses(self, method: str, path: str) -> bool:
        """Whether it answers a request itself, with 403 and a page of HTML."""
        if not self._takes(method):
            return True
        for pattern, variable in CLOSED if self.granular else ():
            if _fits(pattern, path) and variable not in self.variables:
                return True
        return not any(
            variable in self.variables and _fits(pattern, path)
            for pattern, variable in ALLOWED
        )

    def _takes(self, method: str) -> bool:
        """Whether such requests are looked at; this rule stands before all others."""
        if method in {"GET", "HEAD"}:
            return True
        return (method if self.granular else "POST") in self.variables


def _fits(pattern: str, path: str) -> bool:
    return re.match(pattern, path, re.IGNORECASE) is not None
