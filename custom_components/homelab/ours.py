"""Which container is ours: the one we run in, and the one our connection goes through."""

from collections.abc import Collection
from dataclasses import dataclass
import re

# engines name containers with 64 hexadecimal digits; host names carry the first 12
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SHORT = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a process can tell of the container that it runs in, if in any."""

    ids: frozenset[str]
    host_name: str

    @classmethod
    def read(cls, *, cgroup: str, mountinfo: str, host_name: str) -> Surroundings:
        """Take them from /proc/self/cgroup, /proc/self/mountinfo and the host name."""
        # only what is mounted over our own /etc: a host lists other containers' mounts
        mounts = [line.split(" ") for line in mountinfo.splitlines()]
        roots = [m[3] for m in mounts if len(m) > 4 and m[4].startswith("/etc/")]
        ids = frozenset(_ID.findall("\n".join((cgroup, *roots))))
        return cls(ids=ids, host_name=host_name)

    def hold(self, container_id: str) -> bool:
        """Whether this process runs in a container."""
        short = _SHORT.fullmatch(self.host_name) is not None
        return container_id in self.ids or (
            short and container_id.startswith(self.host_name)
        )


def carries_connection(
    *,
    port: int | None,
    addresses: Collection[str],
    published_ports: Collection[int],
    own_addresses: Collection[str],
) -> bool:
    """Whether a container stands between us and the engine, such as a socket proxy.

    `port` and `addresses` are where the entry's url points to; the others are what the
    container publishes and where it is reached: addresses, names and aliases.
    """
    return (port is not None and port in published_ports) or not set(
        addresses
    ).isdisjoint(own_addresses)
