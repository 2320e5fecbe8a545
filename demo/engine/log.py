"""What a container has printed, as the engine keeps and sends it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from demo.engine.moment import stamp

STREAMS = {"stdout": 1, "stderr": 2}
# the engine cuts what is longer into parts
PART = 16_384
KEPT = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line, when it was printed, and where to."""

    at: int
    stream: str
    text: bytes

    def sent(self, *, tty: bool, times: bool) -> bytes:
        """Return it as it goes over the wire."""
        end = b"\r\n" if tty else b"\n"
        parts = [
            self.text[at : at + PART] for at in range(0, len(self.text) or 1, PART)
        ]
        prefix = f"{stamp(self.at)} ".encode() if times else b""
        frames = []
        for number, part in enumerate(parts, 1):
            payload = prefix + part + (end if number == len(parts) else b"")
            head = bytes((STREAMS[self.stream], 0, 0, 0))
            size = len(payload).to_bytes(4, "big")
            frames.append(payload if tty else head + size + payload)
        return b"".join(frames)


@dataclass(kw_only=True, slots=True)
class Log:
    """All lines, and a bell for those who wait for more."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    printed: int = 0
    _bells: set[asyncio.Event] = field(default_factory=set)

    def add(self, line: Line) -> None:
        """Keep a line, and wake who waits for it."""
        self.lines.append(line)
        self.printed += 1
        self.ring()

    def ring(self) -> None:
        """Wake who waits: there is a line, or there will be no more."""
        for bell in self._bells:
            bell.set()

    def after(self, seen: int) -> list[Line]:
        """Return what was printed after so many lines, as far as it is kept."""
        new = min(self.printed - seen, len(self.lines))
        return [*self.lines][len(self.lines) - new :]

    async def wait(self, seen: int) -> None:
        """Wait until more than so many lines were printed, or for the bell."""
        if self.printed > seen:
            return
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            await bell.wait()
        finally:
            self._bells.discard(bell)
