"""Bytes of a stream, however they were cut on the way, to whole lines."""


class Lines:
    """Keeps what is not a whole line yet; what grows too long is left out and counted.

    A line that lacks its end is never given away: its last number may be cut.
    """

    def __init__(self, longest: int = 4096) -> None:
        self._longest = longest
        self._rest = b""
        self._skipping = False
        self.dropped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that end in this chunk, without their ends."""
        whole: list[bytes] = []
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            if self._skipping or len(self._rest) + len(line) > self._longest:
                self.dropped += 1
            else:
                whole.append(self._rest + line)
            self._rest, self._skipping = b"", False
        if self._skipping or len(self._rest) + len(rest) > self._longest:
            self._rest, self._skipping = b"", True
        else:
            self._rest += rest
        return whole
