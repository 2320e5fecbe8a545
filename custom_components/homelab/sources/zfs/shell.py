"""Commands at a ZFS host: one in flight, none beside one that hangs, errors explained."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from ...acting import mutating
from ...source import BadAnswer, SourceError
from ...transports.ssh import Completed, Ended, Lines, SshConnection
from .commands import ASKING, CHANGING, READS, WRITES, Row, family

MIB = 1048576
# after a command that hung, so many seconds without another; twice as many each time
REST = 60.0
LONGEST_REST = 1800.0
# who waits for longer until another command has ended keeps what is known
PATIENCE = 30.0
_MISSING = (
    "modules cannot be auto-loaded",
    "modules are not loaded",
    "failed to load zfs module",
    "failed to initialize",
    "libzfs_init",
    "/dev/zfs and /proc/self/mounts are required",
)
_FORBIDDEN = (
    "permission denied",
    "must be run as root",
    "not permitted",
    "not allowed",
)
_TOOLS = ("zpool", "zfs")
# by family: beside which others it is not begun; what mends a pool that hangs may be
_BESIDE = {
    **dict.fromkeys((*ASKING, "change"), (*ASKING, *CHANGING)),
    "iostat": (*ASKING, "iostat"),
}
# by family: what tells of those that an earlier connection has left hanging
_LEFT = {
    "iostat": ("left",),
    **dict.fromkeys((*ASKING, "change"), ("left", "changes_left", "clear_left")),
    "smart": ("smart_left",),
    "clear": ("clear_left",),
}


@dataclass(slots=True)
class Rest:
    """How long a server is left alone after a command that hung."""

    hangs: int = 0
    until: float = 0.0


# what hangs at a server outlives the client that has sent it, and reloads of its entry
_RESTS: dict[str, Rest] = {}


def rest_at(place: str) -> Rest:
    """Return what is known of a server: `user@host:port`."""
    return _RESTS.setdefault(place, Rest())


class Shell:
    """Sends rows of the table, and nothing else, over one login."""

    def __init__(self, connection: SshConnection, rest: Rest) -> None:
        """Send nothing yet."""
        self.received = 0
        self._connection = connection
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rest = rest
        # on which login it was seen that nothing of an earlier one hangs
        self._clear: dict[str, int] = {}

    @property
    def logins(self) -> int:
        """How often it was logged in."""
        return self._connection.logins

    def lingers(self, what: str) -> bool:
        """Whether a command of a family was given up and still runs there."""
        return any(family(text) == what for text in self._connection.lingering)

    def awake(self) -> None:
        """Rest no longer: somebody wants to know now."""
        self._rest.until = 0.0

    async def ask(self, row: str, *names: str, sudo: bool = False) -> bytes:
        """Return what a command of the read list prints."""
        completed = await self.look(row, *names, sudo=sudo)
        return _checked(READS[row], completed)

    async def look(self, row: str, *names: str, sudo: bool = False) -> Completed:
        """Run a command of the read list to its end, whatever its exit code."""
        what = family(READS[row].text(*names, sudo=sudo))
        async with self._turn(what):
            await self._check_room(what)
            try:
                completed = await self._connection.run(
                    READS[row].text(*names, sudo=sudo),
                    deadline=READS[row].deadline,
                    limit=8 * MIB,
                )
            except BadAnswer as error:
                self._note_hang(what, error)
                raise
        if what in ASKING:
            self._rest.hangs = 0
        self.received += len(completed.stdout) + len(completed.stderr)
        return completed

    @asynccontextmanager
    async def stream(
        self, row: str, *names: str, silence: float
    ) -> AsyncGenerator[Lines]:
        """Run a command of the read list for as long as its lines are wanted."""
        what = family(READS[row].text(*names))
        async with self._turn(what):
            await self._check_room(what)
            try:
                async with self._connection.stream(
                    READS[row].text(*names), silence=silence
                ) as lines:
                    yield lines
            except BadAnswer as error:
                self._note_hang(what, error)
                raise

    @asynccontextmanager
    async def _turn(self, what: str) -> AsyncGenerator[None]:
        """Wait until no other is in flight that would hang where this one does."""
        turn = self._turns[ASKING[0] if what in ASKING else what]
        try:
            async with asyncio.timeout(PATIENCE):
                await turn.acquire()
        except TimeoutError:
            raise BadAnswer("others are in flight", reason="too_slow") from None
        try:
            yield
        finally:
            turn.release()

    @mutating
    async def change(self, row: str, *names: str, sudo: bool) -> str:
        """Run a command of the other list.

        `clear` waits for no other: what asks may hang because of what it is to mend.
        """
        text = WRITES[row].text(*names, sudo=sudo)
        what = family(text)
        async with self._turn(what):
            await self._check_room(what)
            completed = await self._connection.run(text, deadline=WRITES[row].deadline)
        words = _checked(WRITES[row], completed)
        return (words or completed.stderr).decode(errors="replace").strip()[:1024]

    async def _check_room(self, what: str) -> None:
        """Begin nothing beside what hangs there, or shortly after something has."""
        if any(self.lingers(each) for each in _BESIDE.get(what, (what,))):
            raise BadAnswer("an earlier command hangs there", reason="too_slow")
        if what in ASKING and monotonic() < self._rest.until:
            raise BadAnswer("it hung a short while ago", reason="too_slow")
        while row := self._unclear(what):
            try:
                completed = await self.look(row)
            except SourceError as error:
                # what was wanted has not been sent
                error.sent = False
                raise
            if completed.code == 0:
                raise BadAnswer("an earlier one hangs there", reason="too_slow")
            self._clear[row] = self.logins

    def _unclear(self, what: str) -> str | None:
        """Return what has not been asked yet on the login that would be used."""
        is_up = self._connection.is_up
        return next(
            (
                row
                for row in _LEFT.get(what, ())
                if not is_up or self._clear.get(row) != self.logins
            ),
            None,
        )

    def _note_hang(self, what: str, error: BadAnswer) -> None:
        if what in ASKING and error.reason == "too_slow":
            pause = min(REST * 2**self._rest.hangs, LONGEST_REST)
            self._rest.until = monotonic() + pause
            self._rest.hangs = min(self._rest.hangs + 1, 10)


def _checked(row: Row, completed: Completed) -> bytes:
    """Return what was printed by a command that went well."""
    if completed.code == 0:
        return completed.stdout
    raise explain(row.program, completed)


def explain(program: str, ended: Ended) -> BadAnswer:
    """Say what is wrong with a command that did not go well."""
    words = ended.stderr.decode(errors="replace").strip()[:1024]
    detail = words or f"{program} ended with {ended.signal or ended.code}"
    said = words.lower()
    if program in _TOOLS and (
        ended.code in (126, 127) or any(text in said for text in _MISSING)
    ):
        return BadAnswer(detail, reason="no_zpool")
    if any(text in said for text in _FORBIDDEN):
        return BadAnswer(detail, reason="zpool_forbidden")
    return BadAnswer(detail)
