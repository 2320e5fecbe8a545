"""How much room everything takes, in the older and the newer form."""

from collections.abc import Collection, Mapping
from typing import Any

from demo.engine.descriptions import summary
from demo.engine.population import Population

KINDS = ("container", "image", "volume", "build-cache")


def disk_usage(
    population: Population, api: str, kinds: Collection[str], *, recent: bool
) -> dict[str, Any]:
    """Return what takes room; recent engines add sums."""
    rows = {
        "image": _images(population, api),
        "container": _containers(population, api),
        "volume": _volumes(population),
        "build-cache": [each.summary() for each in population.cache.values()],
    }
    names = {
        "image": "Images",
        "container": "Containers",
        "volume": "Volumes",
        "build-cache": "BuildCache",
    }
    said: dict[str, Any] = {
        names[kind]: found for kind, found in rows.items() if kind in kinds
    }
    if "image" in kinds:
        said["LayersSize"] = sum(each.size for each in population.images.values())
    if recent:
        for kind in kinds:
            said[f"{names[kind].removesuffix('s')}Usage"] = _sums(kind, rows[kind])
    return said


def _images(population: Population, api: str) -> list[dict[str, Any]]:
    users = [each.image_id for each in population.containers.values()]
    return [
        image.summary(api, containers=users.count(image.id), shared=image.shared)
        for image in population.images.values()
    ]


def _containers(population: Population, api: str) -> list[dict[str, Any]]:
    now = population.now()
    return [
        {
            **summary(population, each, api, now),
            "SizeRw": 4_096,
            "SizeRootFs": 80_000_000,
        }
        for each in population.containers.values()
    ]


def _volumes(population: Population) -> list[dict[str, Any]]:
    users = [name for each in population.containers.values() for name in each.volumes]
    return [
        {
            **volume.summary(),
            "UsageData": {"Size": volume.size, "RefCount": users.count(volume.name)},
        }
        for volume in population.volumes.values()
    ]


def _sums(kind: str, rows: list[dict[str, Any]]) -> dict[str, int]:
    active = [row for row in rows if _is_active(kind, row)]
    total = sum(_size(kind, row) for row in rows)
    return {
        "ActiveCount": len(active),
        "TotalCount": len(rows),
        "TotalSize": total,
        "Reclaimable": total - sum(_size(kind, row) for row in active),
    }


def _is_active(kind: str, row: Mapping[str, Any]) -> bool:
    match kind:
        case "image":
            return bool(row["Containers"])
        case "container":
            return row["State"] in {"running", "paused", "restarting"}
        case "volume":
            return bool(row["UsageData"]["RefCount"])
        case _:
            return bool(row["InUse"])


def _size(kind: str, row: Mapping[str, Any]) -> int:
    match kind:
        case "image":
            return int(row["Size"] - row["SharedSize"])
        case "container":
            return int(row["SizeRw"])
        case "volume":
            return int(row["UsageData"]["Size"])
        case _:
            return int(row["Size"])
