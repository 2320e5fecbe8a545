"""Keys: the server's, which a person confirms once, and the user's own."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import asyncssh

from ..source import BadAnswer
from .ssh_errors import FAULTS, explain

# in the order in which they are wished for; certificates are never pinned
ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
# What asyncssh would look for by itself: ~/.ssh/config, keys, certificates, an agent.
# `client_keys` has to be None: an empty list makes it load those in ~/.ssh.
NOTHING_FROM_HERE: Mapping[str, Any] = {
    "config": None,
    "client_keys": None,
    "agent_path": None,
    "agent_forwarding": False,
    "x509_trusted_certs": None,
    "x509_trusted_cert_paths": [],
    "gss_host": None,
}


def read_host_key(line: str) -> asyncssh.SSHKey:
    """Read a server's public key in the form of OpenSSH."""
    try:
        return asyncssh.import_public_key(line.strip())
    except ValueError as error:
        raise BadAnswer(str(error), reason="invalid_key", field="host_key") from error


def public_line(key: asyncssh.SSHKey) -> str:
    """Write a public key as known_hosts has it, without its comment."""
    algorithm, base64, *_ = key.export_public_key("openssh").decode().split()
    return f"{algorithm} {base64}"


async def fetch_host_key(host: str, port: int = 22, *, deadline: float) -> str:
    """Return the public key line of a server, without logging in."""
    try:
        async with asyncio.timeout(deadline):
            options = await asyncio.to_thread(
                asyncssh.SSHClientConnectionOptions, **NOTHING_FROM_HERE
            )
            key = await asyncssh.get_server_host_key(
                host,
                port,
                config=None,
                server_host_key_algs=ALGORITHMS,
                options=options,
            )
    except FAULTS as error:
        raise explain(error) from error
    # only GSSAPI, which is off, does without
    return public_line(cast(asyncssh.SSHKey, key))


async def check_private_key(text: str, passphrase: str | None) -> None:
    """Raise what is wrong with a private key, and with which field of the form."""
    await asyncio.to_thread(read_private_key, text, passphrase)


def read_private_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    """Read a private key; far too slow for the event loop if it has a passphrase."""
    try:
        return asyncssh.import_private_key(text.strip() + "\n", passphrase or None)
    except ValueError as error:
        words = str(error).lower()
        about_passphrase = "passphrase" in words or "decrypt" in words
        # its own words, not asyncssh's: they must never hold a piece of the key
        raise BadAnswer(
            "its passphrase is missing or wrong"
            if about_passphrase
            else "not a private key that can be read",
            reason="invalid_key",
            field="passphrase" if about_passphrase else "private_key",
        ) from None
