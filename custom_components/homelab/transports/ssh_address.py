"""Where to log in over SSH, and what a login is allowed to use."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .ssh_keys import ALGORITHMS, NOTHING_FROM_HERE, read_host_key, read_private_key

# questions without answer after which the far end is gone
UNANSWERED = 3
METHODS = ("publickey", "password", "keyboard-interactive")


@dataclass(frozen=True, kw_only=True, slots=True)
class SshAddress:
    """Where to log in, as whom, and who must answer there."""

    host: str
    port: int = 22
    username: str
    host_key: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


async def login_options(address: SshAddress, *, keepalive: float) -> Mapping[str, Any]:
    """Return what asyncssh is to use: only what is given, and only the pinned key."""
    pinned = read_host_key(address.host_key)
    own = {name.decode() for name in pinned.sig_algorithms}
    keys = None
    if address.private_key:
        keys = [
            await asyncio.to_thread(
                read_private_key, address.private_key, address.passphrase
            )
        ]
    return {
        **NOTHING_FROM_HERE,
        "username": address.username,
        "password": address.password or None,
        "client_keys": keys,
        "preferred_auth": METHODS,
        "known_hosts": ([pinned], [], []),
        # the others stay on the list: what a server has instead of its key is shown
        "server_host_key_algs": sorted(ALGORITHMS, key=lambda name: name not in own),
        "keepalive_interval": keepalive,
        "keepalive_count_max": UNANSWERED,
    }
