"""The audit trail: one file of JSON lines, which survives whatever happens."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
import errno
import json
import os
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant

from .const import LOGGER
from .operation import Operation

KEPT = timedelta(days=90)
KEPT_RAN = 2000
KEPT_REFUSED = 500
# appended lines after which the file is written anew
LONGEST = 20_000


class AuditTrail:
    """Appends each transition, and writes the file anew now and then."""

    def __init__(self, hass: HomeAssistant, path: Path) -> None:
        """Remember where the file is."""
        self._hass = hass
        self._path = path
        self._lock = asyncio.Lock()
        self.lines = 0

    async def load(self, now: datetime) -> tuple[dict[str, Operation], Path | None]:
        """Return what is kept, and where a damaged file was set aside."""
        async with self._lock:
            return await self._hass.async_add_executor_job(self._load, now)

    async def append(self, operation: Operation) -> None:
        """Write one transition; it is on disk when this returns."""
        line = json.dumps(operation.as_dict(), separators=(",", ":")).encode() + b"\n"
        async with self._lock:
            await self._hass.async_add_executor_job(self._append, line)
            self.lines += 1

    async def compact(self, operations: Iterable[Operation]) -> None:
        """Write the file anew with what is kept."""
        async with self._lock:
            await self._hass.async_add_executor_job(self._rewrite, list(operations))

    def _load(self, now: datetime) -> tuple[dict[str, Operation], Path | None]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return {}, None
        except OSError as error:
            LOGGER.error("The audit trail cannot be read: %s", error)
            # what is written from now on does not take its place
            return {}, self._set_aside(now)
        *lines, rest = raw.split(b"\n")
        # a last line without its end was being written when everything stopped
        operations, damaged = _read(lines)
        kept = keep(operations.values(), now)
        self.lines = len(lines)
        aside = self._set_aside(now) if damaged else None
        try:
            if aside or (not damaged and (rest or len(lines) != len(kept))):
                self._rewrite(list(kept.values()))
        except OSError as error:
            LOGGER.error("The audit trail cannot be written anew: %s", error)
        return kept, aside

    def _set_aside(self, now: datetime) -> Path | None:
        """Keep the file as it is under another name, and return that."""
        aside = self._path.with_name(f"{self._path.name}.damaged-{now:%Y%m%dT%H%M%S}")
        try:
            self._path.replace(aside)
        except OSError as error:
            LOGGER.error("The audit trail cannot be set aside: %s", error)
            return None
        return aside

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self._path, flags, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                # half a line would spoil the next one
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)

    def _rewrite(self, operations: list[Operation]) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for operation in operations:
                file.write(json.dumps(operation.as_dict()).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        self.lines = len(operations)


def _read(lines: list[bytes]) -> tuple[dict[str, Operation], bool]:
    """Return the latest state of each operation, and whether any line made no sense."""
    operations: dict[str, Operation] = {}
    damaged = False
    for line in lines:
        try:
            data: dict[str, Any] = json.loads(line)
            operation = Operation.from_dict(data)
        except ValueError, TypeError, KeyError, AttributeError:
            damaged = True
        else:
            operations[operation.id] = operation
    return operations, damaged


def keep(operations: Iterable[Operation], now: datetime) -> dict[str, Operation]:
    """Drop what is too old or too much: what really happened is counted apart."""
    recent = [o for o in operations if o.is_open or now - o.requested_at < KEPT]
    ended = [o for o in recent if not o.is_open]
    excess = {
        *_oldest([o for o in ended if o.ran], KEPT_RAN),
        *_oldest([o for o in ended if not o.ran], KEPT_REFUSED),
    }
    return {o.id: o for o in recent if o.id not in excess}


def _oldest(ended: list[Operation], most: int) -> list[str]:
    """Return those that ended first, where there are too many."""
    if len(ended) <= most:
        return []
    ended.sort(key=lambda o: o.ended_at or o.requested_at)
    return [o.id for o in ended[:-most]]
