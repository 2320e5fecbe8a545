"""What of a ZFS host becomes a device, and what hangs under what."""

from ...kind import HOST_KEY, Device, ResourceKind
from .actions import SNAPSHOT
from .entities import (
    DATASET_ENTITIES,
    DATASETS,
    DISK_ENTITIES,
    DISKS,
    HOST_ENTITIES,
    POOL_ENTITIES,
    RATES,
    VDEV_ENTITIES,
)
from .facts import DatasetFacts, DiskFacts, PoolFacts, VdevFacts, ZfsHost
from .models import Group, Kind

POOLS = "pools"
_MODELS = {
    Kind.RAIDZ1: "RAID-Z1",
    Kind.RAIDZ2: "RAID-Z2",
    Kind.RAIDZ3: "RAID-Z3",
    Kind.DRAID: "dRAID",
}


def _model(part: VdevFacts) -> str:
    kind = _MODELS.get(part.kind) if part.kind else None
    words = kind or str(part.kind or "vdev").replace("_", " ").capitalize()
    in_service = part.group not in (None, Group.NORMAL)
    return f"{words} ({part.group})" if in_service else words


def _disk(disk: DiskFacts) -> Device:
    block = disk.block
    return Device(
        name=f"{disk.pool} {disk.name}",
        model=(block.model if block else None) or _model(disk),
        serial_number=block.serial if block else None,
    )


HOST = ResourceKind[ZfsHost](
    key=HOST_KEY[0],
    find={POOLS: lambda host: {"": host}},
    device=lambda host: Device(
        name=host.name,
        model=f"OpenZFS on {host.system}",
        sw_version=host.version,
    ),
    entities=HOST_ENTITIES,
)
POOL = ResourceKind[PoolFacts](
    key="pool",
    find={POOLS: lambda host: host.pools, RATES: lambda rates: rates.pools},
    device=lambda facts: Device(name=facts.pool.name, model="ZFS pool"),
    names=lambda facts: [facts.pool.name],
    entities=POOL_ENTITIES,
)
VDEV = ResourceKind[VdevFacts](
    key="vdev",
    find={
        POOLS: lambda host: None if host.is_bare else host.vdevs,
        RATES: lambda rates: rates.vdevs,
    },
    device=lambda part: Device(name=f"{part.pool} {part.name}", model=_model(part)),
    parent=lambda part: part.parent,
    entities=VDEV_ENTITIES,
)
DISK = ResourceKind[DiskFacts](
    key="disk",
    find={
        POOLS: lambda host: None if host.is_bare else host.disks,
        RATES: lambda rates: rates.disks,
        DISKS: lambda smart: smart,
    },
    device=_disk,
    parent=lambda disk: disk.parent,
    names=lambda disk: [disk.name],
    entities=DISK_ENTITIES,
)
DATASET = ResourceKind[DatasetFacts](
    key="dataset",
    find={DATASETS: lambda datasets: datasets},
    device=lambda facts: Device(
        name=facts.dataset.name,
        model="ZFS volume" if facts.dataset.type == "volume" else "ZFS file system",
    ),
    parent=lambda facts: ("pool", facts.pool),
    names=lambda facts: [facts.dataset.name],
    entities=DATASET_ENTITIES,
    actions=(SNAPSHOT,),
)
KINDS = (HOST, POOL, VDEV, DISK, DATASET)
