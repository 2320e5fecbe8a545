"""An engine behind SSH; asyncssh is large, so this is imported only where it is used."""

from collections.abc import Mapping
from typing import Any

from ...transports.ssh import SshConnection
from ...transports.ssh_address import SshAddress
from ...transports.ssh_connector import SshConnector
from ...transports.ssh_keys import check_private_key, fetch_host_key
from .address import Address
from .api import Api

__all__ = ("check_private_key", "fetch_host_key", "open_by_ssh")


def open_by_ssh(address: Address, data: Mapping[str, Any]) -> Api:
    """Reach the engine's socket on the machine that SSH leads to."""
    connection = SshConnection(
        SshAddress(
            host=address.host,
            port=address.port or 22,
            username=address.username,
            host_key=data.get("host_key", ""),
            password=data.get("password"),
            private_key=data.get("private_key"),
            passphrase=data.get("passphrase"),
        )
    )
    return Api(address.base, SshConnector(connection, address.path), connection.close)
