"""Where an engine is, and how it is reached: what an entry's url says."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from ...source import BadAnswer

SOCKET_PATH = "/var/run/docker.sock"


class Way(StrEnum):
    """How an engine is reached."""

    SOCKET = "socket"
    PLAIN = "plain"
    TLS = "tls"
    SSH = "ssh"


_WAYS = {
    "unix": (Way.SOCKET, None),
    "tcp": (Way.PLAIN, 2375),
    "http": (Way.PLAIN, 2375),
    "https": (Way.TLS, 2376),
    "ssh": (Way.SSH, 22),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A way, and what that way needs."""

    way: Way
    host: str = ""
    port: int | None = None
    # of the socket, here or on the machine that SSH leads to
    path: str = ""
    username: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def base(self) -> str:
        """Return where requests are sent to; sockets have no host of their own."""
        if self.way in {Way.SOCKET, Way.SSH}:
            return "http://docker"
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.way is Way.TLS else "http"
        return f"{scheme}://{host}:{self.port}"


def parse_address(url: str) -> Address:
    """Read an address; one that cannot be used is refused before anything is asked."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _invalid() from None
    if parts.scheme not in _WAYS or parts.query or parts.fragment or parts.password:
        raise _invalid()
    way, usual = _WAYS[parts.scheme]
    path = unquote(parts.path)
    if way is Way.SOCKET:
        if parts.netloc or not path.strip("/") or "\0" in path:
            raise _invalid()
        return Address(way=way, path=path)
    if not parts.hostname or (way is not Way.SSH and path.strip("/")):
        raise _invalid()
    if way is Way.SSH and not parts.username:
        raise _invalid()
    return Address(
        way=way,
        host=parts.hostname,
        port=usual if port is None else port,
        path=(path if path.strip("/") else SOCKET_PATH) if way is Way.SSH else "",
        username=unquote(parts.username or ""),
    )


def _invalid() -> BadAnswer:
    return BadAnswer("the address cannot be used", reason="invalid_url", field="url")
