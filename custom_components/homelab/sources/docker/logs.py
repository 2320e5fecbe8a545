"""The lines of a container's log, out of the bytes that the engine sends in pieces."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import re
from typing import Final

from ...source import BadAnswer

LINE_LIMIT: Final = 16 * 1024
FRAME_LIMIT: Final = 16 * 1024 * 1024
_HEADER = 8
_ERROR_STREAM = 3
_ERROR_LIMIT = 1024
_STAMP_LIMIT = 40

_STAMP = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) "
)
# Colours are the first group, and stay. A string that nothing ends loses only its
# introducer: what a program printed is not hidden from who reads its log.
_UNSHOWN = re.compile(
    r"(\x1b\[[0-9;:]*+m)"
    r"|(?:\x1b\[|\x9b)[0-?]*+[ -/]*+(?:[@-~]|\Z)"
    r"|\x1b[\]PX^_][^\x07\x1b]*+(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*+[0-~]?"
    r"|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f]"
)


class Stream(StrEnum):
    """Where a line was written to."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line, as a terminal would leave it standing, colour codes included."""

    at: datetime | None
    stream: Stream
    text: str
    truncated: bool = False


@dataclass(slots=True)
class _Partial:
    """What of a line has come so far."""

    stream: Stream
    raw: bytearray = field(default_factory=bytearray)
    head: bytearray | None = None
    at: datetime | None = None
    begun: bool = False
    truncated: bool = False

    def expect_stamp(self) -> None:
        """Take what comes next for a time, until it turns out to be none."""
        self.head = bytearray()

    def add(self, piece: bytes) -> None:
        """Add bytes of the line, its end excluded."""
        self.begun = True
        if self.head is not None:
            missing = _STAMP_LIMIT - len(self.head)
            self.head += piece[:missing]
            piece = piece[missing:]
            if len(self.head) == _STAMP_LIMIT or b" " in self.head:
                self.read_stamp()
        room = LINE_LIMIT - len(self.raw)
        self.truncated = self.truncated or len(piece) > room
        self.raw += piece[:room]

    def read_stamp(self) -> None:
        """Part the time from the text; the first piece's time is the line's."""
        head, self.head = bytes(self.head or b""), None
        if stamp := _STAMP.match(head):
            try:
                at = datetime.fromisoformat(stamp[0].decode().strip())
            except ValueError:
                pass
            else:
                self.at = self.at or at
                head = head[stamp.end() :]
        self.add(head)

    def end(self) -> LogLine:
        """Make the line, and begin the next one."""
        if self.head is not None:
            self.read_stamp()
        text, cut = _shortened(bytes(self.raw), self.truncated)
        line = LogLine(at=self.at, stream=self.stream, text=_shown(text), truncated=cut)
        self.raw.clear()
        self.at, self.begun, self.truncated = None, False, False
        return line


def _shortened(raw: bytes, cut: bool) -> tuple[str, bool]:
    """Decode a line; what replaces broken bytes is longer than they were."""
    text = raw.decode(errors="replace")
    encoded = text.encode()
    if len(encoded) > LINE_LIMIT:
        return encoded[:LINE_LIMIT].decode(errors="ignore"), True
    return text, cut


def _shown(text: str) -> str:
    """Return what a terminal would show in the end, and its colours."""
    if text.isprintable():
        return text
    last = text.rstrip("\r").rpartition("\r")[2]
    return _UNSHOWN.sub(lambda found: found[1] or "", last)


class LogReader:
    """Reads one log, whatever the pieces in which its bytes come."""

    def __init__(self, *, tty: bool, timestamps: bool) -> None:
        """A terminal's log is raw; any other has frames of two streams."""
        self._tty = tty
        self._timestamps = timestamps
        self._out = _Partial(Stream.STDOUT)
        self._partials = {0: self._out, 1: self._out, 2: _Partial(Stream.STDERR)}
        self._header = bytearray()
        self._frame = 0
        self._left = 0
        self._complaint = b""
        self._fault: BadAnswer | None = None
        if tty and timestamps:
            self._out.expect_stamp()

    def feed(self, chunk: bytes) -> list[LogLine]:
        """Take bytes, and return the lines that they end.

        The lines before a fault are returned first; the next call raises it.
        """
        lines: list[LogLine] = []
        if self._tty:
            self._text(self._out, chunk, lines)
        else:
            self._frames(chunk, lines)
        if self._fault and not lines:
            raise self._fault
        return lines

    def end(self) -> list[LogLine]:
        """Return the lines that nothing ended."""
        if self._fault:
            raise self._fault
        partials = (self._out, self._partials[2])
        return [partial.end() for partial in partials if partial.begun]

    def _frames(self, chunk: bytes, lines: list[LogLine]) -> None:
        """Part the frames from each other."""
        position = 0
        while position < len(chunk) and self._fault is None:
            if not self._left:
                missing = _HEADER - len(self._header)
                self._header += chunk[position : position + missing]
                position += missing
                if len(self._header) == _HEADER:
                    self._begin_frame()
                continue
            piece = chunk[position : position + self._left]
            position += len(piece)
            self._left -= len(piece)
            if self._frame == _ERROR_STREAM:
                self._complain(piece)
            else:
                self._text(self._partials[self._frame], piece, lines)

    def _begin_frame(self) -> None:
        """Read a header; the engine puts a time at the head of each frame."""
        self._frame, self._left = self._header[0], int.from_bytes(self._header[4:])
        known = self._frame in self._partials or self._frame == _ERROR_STREAM
        if not known or any(self._header[1:4]) or self._left > FRAME_LIMIT:
            self._fault = BadAnswer(f"not a log frame: {self._header.hex(' ')}")
        elif self._timestamps and self._left and self._frame in self._partials:
            self._partials[self._frame].expect_stamp()
        self._header.clear()

    def _complain(self, piece: bytes) -> None:
        """Keep what the engine says of an error of its own."""
        self._complaint = (self._complaint + piece)[:_ERROR_LIMIT]
        if not self._left:
            self._fault = BadAnswer(_shown(self._complaint.decode(errors="replace")))

    def _text(self, partial: _Partial, piece: bytes, lines: list[LogLine]) -> None:
        """Part the lines from each other."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            partial.add(part)
            lines.append(partial.end())
            if self._tty and self._timestamps:
                partial.expect_stamp()
        if rest:
            partial.add(rest)
