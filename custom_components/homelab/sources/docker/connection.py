"""The way to an engine that an entry's data describes."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import TCPConnector, UnixConnector

from ...source import BadAnswer
from .address import Way, parse_address
from .api import Api


async def open_api(data: Mapping[str, Any]) -> Api:
    """Make what requests go through; nothing is asked yet."""
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
            return Api(address.base, TCPConnector(limit=0, ssl=context))
    # the library behind it is large, and most engines are reached without
    by_ssh = await asyncio.get_running_loop().run_in_executor(
        None, import_module, ".by_ssh", __package__
    )
    api: Api = by_ssh.open_by_ssh(address, data)
    return api


def tls_context(data: Mapping[str, Any]) -> ssl.SSLContext:
    """Read the certificates; what cannot be read is said before anything is sent."""
    authority, certificate, key = (
        data.get(name) or "" for name in ("ca", "certificate", "key")
    )
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError, ValueError:
        raise _unreadable("ca") from None
    context.check_hostname = data.get("verify_host", True)
    if bool(certificate) != bool(key):
        raise _unreadable("key" if certificate else "certificate")
    if certificate:
        _load_pair(context, certificate, key)
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
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
