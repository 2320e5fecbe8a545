"""The way to an engine that an entry's data describes."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import TCPConnector, UnixConnector
from cryptography.x509 import load_pem_x509_certificates

from ...source import AuthenticationFailed, BadAnswer
from .address import Address, Way, parse_address
from .api import Api
from .errors import translated

# how long a server takes to look at a certificate
VERDICT = 2.0


async def open_api(data: Mapping[str, Any], *, guess: bool = False) -> Api:
    """Make what requests go through; nothing is asked yet.

    With `guess`, whoever hangs up without a word is taken to refuse our certificate:
    while somebody fills in a form, never for an entry that only has to wait.
    """
    address = parse_address(data["url"])
    match address.way:
        case Way.SOCKET:
            # watching takes a connection for each container: no pool may run dry
            return Api(address.base, UnixConnector(address.path, limit=0))
        case Way.PLAIN:
            return Api(address.base, TCPConnector(limit=0))
        case Way.TLS:
            context = await asyncio.get_running_loop().run_in_executor(
                None, tls_context, data
            )
            return Api(
                address.base,
                TCPConnector(limit=0, ssl=context),
                doubt=partial(hear_refusal, address, context, guess=guess),
            )
    # the library behind it is large, and most engines are reached without
    by_ssh = await asyncio.get_running_loop().run_in_executor(
        None, import_module, ".by_ssh", __package__
    )
    api: Api = by_ssh.open_by_ssh(address, data)
    return api


async def hear_refusal(
    address: Address, context: ssl.SSLContext, *, guess: bool
) -> None:
    """Raise it if a server says that it refuses our certificate.

    With TLS 1.3 a client sends before its certificate is looked at, and the refusal
    may be lost with what was sent: who says nothing hears it. Some hang up without one,
    but so does a TLS proxy whose engine is away.
    """
    said = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(VERDICT):
            with translated("version"):
                reader, writer = await asyncio.open_connection(
                    address.host, address.port, ssl=context
                )
                try:
                    with suppress(ConnectionError):
                        said = await reader.read(1)
                finally:
                    writer.transport.abort()
            if guess and not said:
                raise AuthenticationFailed(
                    "it hangs up without a word: it may want another certificate"
                )


def tls_context(data: Mapping[str, Any]) -> ssl.SSLContext:
    """Read the certificates; what cannot be read is said before anything is sent."""
    authority, certificate, key = (
        data.get(name) or "" for name in ("ca", "certificate", "key")
    )
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError, ValueError, TypeError:
        raise _unreadable("ca") from None
    # certificates made by hand often lack a key identifier, and docker takes them, too
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = data.get("verify_host", True)
    if certificate:
        _load_pair(context, certificate, key)
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        load_pem_x509_certificates(certificate.encode())
    except ValueError:
        raise _unreadable("certificate") from None
    # the library takes them from files only; nobody else can read this folder
    with TemporaryDirectory() as folder:
        files = Path(folder, "certificate"), Path(folder, "key")
        for file, text in zip(files, (certificate, key), strict=True):
            file.touch(mode=0o600)
            file.write_text(text)
        try:
            context.load_cert_chain(*files, password="")
        except ssl.SSLError, ValueError:
            raise _unreadable("key") from None


def _unreadable(field: str) -> BadAnswer:
    return BadAnswer(f"the {field} cannot be read", reason="invalid_key", field=field)
