"""The machine that a simulated engine says it runs on, and which engine it says it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
import uuid

# the first engine of each version of its interface
RELEASES = {
    "1.40": "19.03.15",
    "1.41": "20.10.24",
    "1.42": "23.0.6",
    "1.43": "24.0.9",
    "1.44": "25.0.5",
    "1.45": "26.1.4",
    "1.46": "27.1.2",
    "1.47": "27.5.1",
    "1.48": "28.0.4",
    "1.49": "28.1.1",
    "1.50": "28.2.2",
    "1.51": "28.5.2",
    "1.52": "29.0.4",
}
PODMAN = "4.3.1"
NO_LIMITS = (
    "WARNING: No memory limit support",
    "WARNING: No swap limit support",
)
UNKNOWN_PARTS: dict[str, str] = {"ID": "", "Expected": ""}


class Flavour(StrEnum):
    """What decides how the figures of a container look."""

    CGROUP_1 = "cgroup 1"
    CGROUP_2 = "cgroup 2"
    ROOTLESS = "rootless"
    NO_MEMORY = "no memory controller"
    PODMAN = "podman"


def number(api: str) -> tuple[int, ...]:
    """Return a version of the interface as something that can be compared."""
    return tuple(int(part) for part in api.split("."))


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What does not change while an engine runs."""

    flavour: Flavour = Flavour.CGROUP_2
    api: str = "1.51"
    oldest_api: str = "1.24"
    name: str = "simulated"
    identity: str = "5d2d3f2e-6bd9-4e25-9d0c-6b2c1b7d3a10"
    cores: int = 4
    memory: int = 16_000_000_000
    root: str = "/var/lib/docker"

    @property
    def is_podman(self) -> bool:
        """Whether it is Podman that speaks like Docker."""
        return self.flavour is Flavour.PODMAN

    @property
    def is_recent(self) -> bool:
        """Whether it tells of ends as engines since 25 do."""
        return not self.is_podman and number(self.api) >= (1, 44)

    @property
    def release(self) -> str:
        """Return the version of the engine."""
        return PODMAN if self.is_podman else RELEASES[self.api]

    @property
    def cgroup(self) -> str:
        """Return the version of the control groups."""
        return "1" if self.flavour is Flavour.CGROUP_1 else "2"

    @property
    def headers(self) -> dict[str, str]:
        """Return what stands above every answer."""
        if self.is_podman:
            return {
                "Api-Version": self.api,
                "Libpod-Api-Version": PODMAN,
                "Server": f"Libpod/{PODMAN} (linux)",
            }
        return {
            "Api-Version": self.api,
            "Docker-Experimental": "false",
            "Ostype": "linux",
            "Server": f"Docker/{self.release} (linux)",
        }

    def version(self) -> dict[str, Any]:
        """Return what `/version` says."""
        details = {
            "ApiVersion": self.api,
            "Arch": "amd64",
            "Experimental": "false",
            "MinAPIVersion": self.oldest_api,
            "Os": "linux",
        }
        engine = "Podman Engine" if self.is_podman else "Engine"
        return {
            "Platform": {"Name": "linux/amd64" if self.is_podman else ""},
            "Components": [
                {"Name": engine, "Version": self.release, "Details": details},
            ],
            "Version": self.release,
            "ApiVersion": self.api,
            "MinAPIVersion": self.oldest_api,
            "GitCommit": "",
            "GoVersion": "go1.24.9",
            "Os": "linux",
            "Arch": "amd64",
            "KernelVersion": "6.12.0",
            "BuildTime": "2026-01-01T00:00:00.000000000+00:00",
        }

    def info(self, at: str) -> dict[str, Any]:
        """Return what `/info` says apart from what there is on it."""
        limits = self.flavour is not Flavour.NO_MEMORY
        security = ["name=seccomp,profile=builtin"]
        if self.flavour is Flavour.ROOTLESS:
            security.append("name=rootless")
        return {
            # Podman draws a new one for each answer
            "ID": str(uuid.uuid4()) if self.is_podman else self.identity,
            "Driver": "overlay2",
            "DriverStatus": [["Backing Filesystem", "extfs"]],
            "Plugins": {"Volume": ["local"], "Network": ["bridge"], "Log": []},
            "MemoryLimit": limits,
            "SwapLimit": limits,
            "SystemTime": at,
            "LoggingDriver": "json-file",
            "CgroupDriver": "cgroupfs" if self.cgroup == "1" else "systemd",
            "CgroupVersion": self.cgroup,
            "KernelVersion": "6.12.0",
            "OperatingSystem": "Debian GNU/Linux 13 (trixie)",
            "OSVersion": "13",
            "OSType": "linux",
            "Architecture": "x86_64",
            "RegistryConfig": {"IndexConfigs": {}, "InsecureRegistryCIDRs": []},
            "NCPU": self.cores,
            "MemTotal": self.memory,
            "DockerRootDir": self.root,
            "Name": self.name,
            "Labels": [],
            "ServerVersion": self.release,
            "Runtimes": {"runc": {"path": "runc"}},
            "DefaultRuntime": "runc",
            "Swarm": {"NodeID": "", "LocalNodeState": "inactive", "Error": ""},
            "LiveRestoreEnabled": False,
            "ContainerdCommit": UNKNOWN_PARTS,
            "RuncCommit": UNKNOWN_PARTS,
            "InitCommit": UNKNOWN_PARTS,
            "SecurityOptions": security,
            "Warnings": None if limits else list(NO_LIMITS),
        }
