"""The last of what comes, no more of it than may be held."""

from collections import deque


class Tail[T]:
    """Lets the oldest go where there is too much, and counts what it let go."""

    def __init__(self, *, lines: int, size: int) -> None:
        """Hold at most so many lines, and so many bytes."""
        self._most_lines = lines
        self._most_bytes = size
        self._lines: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._dropped = 0

    def add(self, line: T, size: int) -> None:
        """Add a line of so many bytes."""
        self._lines.append((line, size))
        self._bytes += size
        while len(self._lines) > self._most_lines or self._bytes > self._most_bytes:
            self._bytes -= self._lines.popleft()[1]
            self._dropped += 1

    def take(self) -> tuple[list[T], int]:
        """Return what is held, oldest first, and how many were let go; begin anew."""
        lines, dropped = [line for line, _ in self._lines], self._dropped
        self._lines.clear()
        self._bytes = self._dropped = 0
        return lines, dropped
