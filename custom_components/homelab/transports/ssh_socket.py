"""A socket at the server, as a transport here."""

import asyncio
from typing import override

import asyncssh

from .ssh_command import Carrier


class ForwardedSocket(asyncio.Transport, asyncssh.SSHUNIXSession[bytes]):
    """A channel to a socket at the server, to which a protocol talks as to any other."""

    _channel: asyncssh.SSHUNIXChannel[bytes]

    def __init__(self, carrier: Carrier, protocol: asyncio.Protocol) -> None:
        """Nothing is connected yet."""
        super().__init__()
        self.is_given_up = False
        self.has_ended = False
        self._carrier = carrier
        self._protocol = protocol
        self._is_open = False
        self._is_paused = False
        self._is_told = False
        self._has_written_all = False

    # what the channel says

    @override
    def connection_made(self, chan: asyncssh.SSHUNIXChannel[bytes]) -> None:
        self._channel = chan
        self._is_open = True
        if self.is_given_up:
            chan.abort()
        else:
            self._protocol.connection_made(self)

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        try:
            self._protocol.data_received(data)
        except Exception as error:  # noqa: BLE001
            # asyncssh would end the whole connection, and with it what others do on it
            self._tell(error)
            self.abort()

    @override
    def eof_received(self) -> bool:
        is_kept_open = bool(self._protocol.eof_received())
        if not is_kept_open:
            self.close()
        return is_kept_open

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        if self._is_open:
            # the carrier learns after its channels that it is lost
            asyncio.get_running_loop().call_soon(self._tell_of_end)
        self._carrier.note()

    def _tell_of_end(self) -> None:
        # aiohttp makes errors of its own only of those of the system
        is_lost = self._carrier.is_lost
        self._tell(ConnectionResetError("contact was lost") if is_lost else None)

    @override
    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    @override
    def resume_writing(self) -> None:
        # what is left is sent after close(), too
        if not self._is_told:
            self._protocol.resume_writing()

    # what the protocol wants

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            self._channel.write(bytes(data))

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def write_eof(self) -> None:
        self._has_written_all = True
        self._channel.write_eof()

    @override
    def is_closing(self) -> bool:
        is_shut = self._channel.is_closing() and not self._has_written_all
        return self.is_given_up or self.has_ended or is_shut

    @override
    def pause_reading(self) -> None:
        self._is_paused = True
        self._channel.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._is_paused = False
        # the channel would hand over what it holds before this call returns
        asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        if not self._is_paused:
            self._channel.resume_reading()

    @override
    def close(self) -> None:
        """Send what is written, then end."""
        self._end(at_once=False)

    @override
    def abort(self) -> None:
        """End without sending what is left."""
        self._end(at_once=True)

    def _end(self, *, at_once: bool) -> None:
        if self.is_given_up:
            return
        self.is_given_up = True
        if self._is_open:
            if at_once:
                self._channel.abort()
            else:
                self._channel.close()
            asyncio.get_running_loop().call_soon(self._tell, None)
        self._carrier.note()

    def _tell(self, error: Exception | None) -> None:
        """Tell the protocol, once, that it is over."""
        if not self._is_told:
            self._is_told = True
            self._protocol.connection_lost(error)
