"""What an engine keeps beside containers: images, volumes, networks, build cache."""

from dataclasses import dataclass, field
import re
from typing import Any

from demo.engine.machine import number
from demo.engine.moment import SECOND, stamp

PREDEFINED = {"bridge": "bridge", "host": "host", "none": "null"}
ANONYMOUS = re.compile(r"[0-9a-f]{64}")


@dataclass(kw_only=True, slots=True)
class Image:
    """An image; without tags it is dangling."""

    id: str
    created: int
    tags: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    size: int = 80_000_000
    # of it, what other images have as well
    shared: int = 0

    def summary(
        self, api: str, *, containers: int = -1, shared: int = -1
    ) -> dict[str, Any]:
        """Return its row in the list; without counting both numbers are -1."""
        older = {"VirtualSize": self.size} if number(api) < (1, 44) else {}
        return {
            **older,
            "Containers": containers,
            "Created": self.created // SECOND,
            "Id": self.id,
            "Labels": self.labels or None,
            "ParentId": "",
            "RepoDigests": self.digests,
            "RepoTags": self.tags,
            "SharedSize": shared,
            "Size": self.size,
        }

    def detail(self) -> dict[str, Any]:
        """Return what inspecting it says."""
        return {
            "Id": self.id,
            "RepoTags": self.tags,
            "RepoDigests": self.digests,
            "Created": stamp(self.created),
            "Architecture": "amd64",
            "Os": "linux",
            "Size": self.size,
            "Config": {"Labels": self.labels or None},
            "RootFS": {"Type": "layers", "Layers": []},
        }


@dataclass(kw_only=True, slots=True)
class Volume:
    """A volume, with a name that a person or the engine gave it."""

    name: str
    created: int
    labels: dict[str, str] = field(default_factory=dict)
    size: int = 1_000_000

    @property
    def is_anonymous(self) -> bool:
        """Whether the engine named it."""
        return ANONYMOUS.fullmatch(self.name) is not None

    def summary(self) -> dict[str, Any]:
        """Return its row in the list."""
        return {
            "CreatedAt": stamp(self.created // SECOND * SECOND),
            "Driver": "local",
            "Labels": self.labels or None,
            "Mountpoint": f"/var/lib/docker/volumes/{self.name}/_data",
            "Name": self.name,
            "Options": None,
            "Scope": "local",
        }


@dataclass(kw_only=True, slots=True)
class Network:
    """A network: one that is always there, or one that somebody made."""

    id: str
    name: str
    created: int
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def driver(self) -> str:
        """Return the kind of network."""
        return PREDEFINED.get(self.name, "bridge")

    def summary(self) -> dict[str, Any]:
        """Return its row in the list."""
        return {
            "Name": self.name,
            "Id": self.id,
            "Created": stamp(self.created),
            "Scope": "local",
            "Driver": self.driver,
            "EnableIPv6": False,
            "IPAM": {"Driver": "default", "Options": None, "Config": []},
            "Internal": False,
            "Attachable": False,
            "Ingress": False,
            "Containers": {},
            "Options": {},
            "Labels": self.labels,
        }


@dataclass(kw_only=True, slots=True)
class CacheRecord:
    """A part of the build cache."""

    id: str
    created: int
    size: int
    in_use: bool = False

    def summary(self) -> dict[str, Any]:
        """Return its row in the table of used space."""
        return {
            "ID": self.id,
            "Type": "regular",
            "Description": "mount / from exec /bin/sh -c make",
            "InUse": self.in_use,
            "Shared": False,
            "Size": self.size,
            "CreatedAt": stamp(self.created),
            "LastUsedAt": None,
            "UsageCount": 1,
        }
