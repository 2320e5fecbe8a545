"""What the engine says of itself to models: who it is, what it counts, what it warns of."""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
import re
from typing import Any

from ...source import BadAnswer
from .address import parse_address
from .models import DiskUsage, Engine
from .reading import a_count, a_list, a_mapping, a_text

OLDEST_API = (1, 40)
_OPEN_PORT = re.compile(r"API is accessible on (\S+) without encryption")


def parse_engine(version: object, info: object) -> Engine:
    """Read what the engine says of itself."""
    of_version, of_info = a_mapping(version), a_mapping(info)
    names = [
        str(a_mapping(each).get("Name"))
        for each in a_list(of_version.get("Components"))
    ]
    _check(of_version)
    podman = any(name.startswith("Podman") for name in names)
    warnings = tuple(str(each) for each in a_list(of_info.get("Warnings")))
    return Engine(
        id=_identity(of_info, podman=podman),
        version=a_text(of_version.get("Version")),
        podman=podman,
        outlived=podman or of_info.get("LiveRestoreEnabled") is True,
        cpus=a_count(of_info.get("NCPU")) or None,
        images=a_count(of_info.get("Images")),
        warnings=warnings,
        counts_memory=of_info.get("MemoryLimit") is not False,
        rootless=any(
            str(option).startswith("name=rootless")
            for option in a_list(of_info.get("SecurityOptions"))
        ),
        open_ports=tuple(
            found[1]
            for each in warnings
            if (found := _OPEN_PORT.search(each)) and not _is_local(found[1])
        ),
    )


def _is_local(address: str) -> bool:
    """Whether only the engine's own machine reaches an address."""
    try:
        return parse_address(address).is_loopback
    except BadAnswer:
        return False


def _check(version: Mapping[str, Any]) -> None:
    """Refuse what is no engine, and one that is too old."""
    major, _, minor = str(version.get("ApiVersion") or "").partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise BadAnswer("what answers is no Docker engine", reason="not_docker")
    if (int(major), int(minor)) < OLDEST_API:
        raise BadAnswer(f"its API is {major}.{minor}", reason="api_too_old")


def _identity(info: Mapping[str, Any], *, podman: bool) -> str:
    """Say who this is; Podman has no id and is told by its machine and its storage."""
    if not podman and (id_ := a_text(info.get("ID"))):
        return id_
    name, root = a_text(info.get("Name")), a_text(info.get("DockerRootDir"))
    if not (name and root):
        raise BadAnswer("the engine does not say who it is", reason="not_docker")
    return sha256(f"{name}\n{root}".encode()).hexdigest()[:32]


def parse_disk_usage(raw: object) -> DiskUsage:
    """Add up what lies on the engine's disk, and what of it nobody uses."""
    whole = a_mapping(raw)
    images, idle_images = _section(whole, "Image", image_size, _is_unused_image)
    volumes, idle_volumes = _section(whole, "Volume", volume_size, _is_unused_volume)
    cache, idle_cache = _section(whole, "BuildCache", cache_size, is_idle)
    if images is not None and isinstance(rows := whole.get("Images"), list):
        # what several have is there once; Podman leaves it at zero
        stored = a_count(whole.get("LayersSize"))
        images = stored or _sum(a_mapping(each).get("Size") for each in rows)
    idle = (idle_images, idle_volumes, idle_cache)
    return DiskUsage(
        images=images,
        volumes=volumes,
        build_cache=cache,
        reclaimable=None if None in idle else _sum(idle),
    )


def _section(
    whole: Mapping[str, Any],
    name: str,
    size: Callable[[Mapping[str, Any]], int | None],
    is_idle: Callable[[Mapping[str, Any]], bool],
) -> tuple[int | None, int | None]:
    """Return the size of a section, and how much of it nobody uses; None is unknown.

    Since API 1.52 engines may say sums instead of rows.
    """
    key = name if name in whole else f"{name}s"
    listed = whole.get(key)
    if key in whole and (listed is None or isinstance(listed, list)):
        rows = [*map(a_mapping, a_list(listed))]
        idle = _sum(size(row) for row in rows if is_idle(row))
        return _sum(map(size, rows)), idle
    sums = a_mapping(whole.get(f"{name}Usage"))
    return a_count(sums.get("TotalSize")), a_count(sums.get("Reclaimable"))


def _sum(sizes: Iterable[object]) -> int:
    return sum(filter(None, map(a_count, sizes)))


def _is_unused_image(row: Mapping[str, Any]) -> bool:
    return image_users(row) == 0


def _is_unused_volume(row: Mapping[str, Any]) -> bool:
    return volume_users(row) == 0


def image_users(row: Mapping[str, Any]) -> int | None:
    """Return how many containers use an image; -1 says that nobody has counted."""
    return a_count(row.get("Containers"))


def image_size(row: Mapping[str, Any]) -> int:
    """Return what goes when an image goes: not what it shares with others."""
    return max(
        0, (a_count(row.get("Size")) or 0) - (a_count(row.get("SharedSize")) or 0)
    )


def volume_users(row: Mapping[str, Any]) -> int | None:
    """Return how many containers refer to a volume; -1 says that nobody has counted."""
    return a_count(a_mapping(row.get("UsageData")).get("RefCount"))


def volume_size(row: Mapping[str, Any]) -> int | None:
    """Return a volume's size; drivers other than the local one know none."""
    return a_count(a_mapping(row.get("UsageData")).get("Size"))


def is_idle(row: Mapping[str, Any]) -> bool:
    """Whether no build uses a record of the build cache now."""
    return row.get("InUse") is not True


def cache_size(row: Mapping[str, Any]) -> int | None:
    """Return what goes when a record goes: what is shared is counted elsewhere."""
    return 0 if row.get("Shared") is True else a_count(row.get("Size"))
