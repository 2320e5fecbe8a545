"""What went wrong with a connection over SSH, in the words that sources have for it."""

import errno
import socket

import asyncssh

from ..source import AuthenticationFailed, CannotConnect, SourceError, WrongIdentity

# what asyncssh raises, and what it stumbles over when a far end talks nonsense: it hands
# that to those who wait
FAULTS = (asyncssh.Error, OSError, ValueError, AttributeError)
REFUSED = f"[Errno {errno.ECONNREFUSED}]"


def explain(error: Exception, offered: str = "") -> SourceError:
    """Say why there is no connection; `offered` is a server's key that was not ours."""
    words = str(error) or type(error).__name__
    if offered:
        return WrongIdentity(offered, reason="host_key_changed")
    if isinstance(error, asyncssh.PermissionDenied | asyncssh.IllegalUserName):
        return AuthenticationFailed(words)
    # OpenSSH's MaxAuthTries ends the connection before the last method was refused
    if "authentication failures" in words:
        return AuthenticationFailed(words)
    if isinstance(error, TimeoutError):
        return CannotConnect("no answer in time")
    # several addresses that all refuse are one error of no kind
    if isinstance(error, ConnectionRefusedError) or REFUSED in words:
        return CannotConnect(words, reason="connection_refused")
    if isinstance(error, socket.gaierror):
        return CannotConnect(words, reason="unknown_host")
    return CannotConnect(words)
