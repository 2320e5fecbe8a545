"""What goes wrong on the way to an engine, in the words of source.py."""

from collections.abc import Iterator
from contextlib import contextmanager
import ssl

from aiodocker import DockerError
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientSSLError,
)
from aiohttp.http_exceptions import HttpProcessingError

from ...source import AuthenticationFailed, BadAnswer, CannotConnect, SourceError

# what a server says through TLS to a client without the right certificate
_REFUSALS = (
    *("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR"),
    "HANDSHAKE_FAILURE",
)
# what a proxy says when it cannot reach the engine, and the engine itself never
_GATEWAY = (502, 503, 504)
# what to set where a proxy stands before the engine, by the first part of a path
_SECTIONS = {
    "version": "VERSION",
    "info": "INFO",
    "events": "EVENTS",
    "containers": "CONTAINERS",
    "images": "IMAGES",
    "volumes": "VOLUMES",
    "networks": "NETWORKS",
    "system": "SYSTEM",
    "build": "BUILD",
}


class Missing(BadAnswer):
    """What was asked about is not there."""


@contextmanager
def translated(path: str, *, acts: bool = False) -> Iterator[None]:
    """Turn whatever a library raises into one of ours; `acts` if something was sent."""
    try:
        yield
    except SourceError:
        raise
    except DockerError as error:
        if isinstance(lost := error.__context__, ClientError | OSError):
            # without a connection nothing was sent
            sent = acts and not isinstance(lost, ClientConnectorError)
            raise _of_connection(lost, acts=sent) from None
        raise _of_status(error, path, acts=acts) from None
    except TimeoutError:
        late = "the engine did not answer in time"
        raise CannotConnect(late, reason="too_slow", sent=acts) from None
    except ClientResponseError as error:
        raise _nonsense(error, path, acts=acts) from None
    except (ClientError, OSError) as error:
        raise _of_connection(error, acts=acts) from None
    except (HttpProcessingError, ValueError, KeyError, TypeError) as error:
        raise _nonsense(error, path, acts=acts) from None


def _reason(path: str) -> str:
    """Return what an answer that cannot be right says about who gave it."""
    return "not_docker" if path == "version" else ""


def _nonsense(error: BaseException, path: str, *, acts: bool) -> SourceError:
    what = f"the answer to {path} makes no sense ({type(error).__name__})"
    return BadAnswer(what, reason=_reason(path), sent=acts)


def refused(alert: str) -> AuthenticationFailed:
    """Say that a server does not want to know us."""
    words = alert.replace("_", " ").lower()
    return AuthenticationFailed(f"it refuses our certificate ({words})")


def _of_status(error: DockerError, path: str, *, acts: bool) -> SourceError:
    message = str(error.message).strip()
    if error.status == 401:
        return AuthenticationFailed("the engine wants to know who asks")
    if error.status == 403 and not acts:
        section = _SECTIONS.get(path.partition("/")[0], "CONTAINERS")
        wanted = f"{section}=1"
        if path.endswith("/logs"):
            # later releases close them apart from the other questions
            wanted += ", ALLOW_LOGS=1"
        return BadAnswer(f"GET /{path}: {wanted}", reason="proxy_forbids")
    if error.status == 403:
        return BadAnswer(f"it is forbidden, by a proxy or by the engine: {path}")
    if error.status == 400 and "API version" in message:
        return BadAnswer(message, reason="api_too_old")
    if error.status in _GATEWAY:
        words = f"a proxy answers, but no engine behind it ({error.status})"
        return CannotConnect(words, reason="no_engine", sent=acts)
    reason = _reason(path)
    if error.status == 404:
        missing = path if message.startswith("<") else message
        return Missing(missing or path, reason=reason)
    if message.startswith("<"):
        page = f"{path} was answered with a page ({error.status})"
        return BadAnswer(page, reason=reason)
    words = f"{message or 'no reason given'} ({error.status})"
    return BadAnswer(words, reason=reason)


def _of_connection(error: BaseException, *, acts: bool) -> SourceError:
    """Say why there is no connection; the cause lies at the end of a chain."""
    chain: list[BaseException] = [error]
    while (after := chain[-1].__cause__ or chain[-1].__context__) and len(chain) < 9:
        chain.append(after)
    # what aiohttp says of TLS is not about the address
    text = str(error).replace(" ssl:default", "")
    for each in chain:
        match each:
            # aiohttp's own error is called one as well, but does not know why
            case ssl.SSLCertVerificationError(verify_message=words):
                return AuthenticationFailed(words, reason="tls_failed")
            case ssl.SSLError(reason=str(alert)) if "ALERT" in alert and any(
                word in alert for word in _REFUSALS
            ):
                return refused(alert.partition("ALERT_")[2])
            case ConnectionRefusedError():
                return CannotConnect(text, reason="connection_refused")
            case PermissionError():
                return CannotConnect(text, reason="socket_forbidden")
            case FileNotFoundError() | NotADirectoryError():
                return CannotConnect(text, reason="no_socket")
            case ClientConnectorDNSError():
                return CannotConnect(text, reason="unknown_host")
    if any(isinstance(each, ssl.SSLError | ClientSSLError) for each in chain):
        return AuthenticationFailed(text, reason="tls_failed")
    return CannotConnect(text or "the connection was lost", sent=acts)
