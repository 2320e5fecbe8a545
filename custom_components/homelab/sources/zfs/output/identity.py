"""Answers put together: names with GUIDs, paths and sizes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ....source import BadAnswer
from ..models import Pool, Vdev
from .listing import Listing
from .quantity import guid


def joined(
    pools: Iterable[Pool],
    by_guid: Iterable[Pool],
    guids: Mapping[str, str],
    by_path: Iterable[Pool] | None = None,
) -> tuple[Pool, ...]:
    """Give pools that are known by name their GUIDs, and all vdevs theirs.

    `by_guid` is the text of -gp, `by_path` that of -pP, `guids` has the pools' own by
    name. What `pools` knows already stays: of JSON, only gaps are filled. Answers that
    do not fit belong to different moments; they have to be asked for again.
    """
    known = {pool.name: pool for pool in by_guid}
    paths = {pool.name: pool for pool in by_path} if by_path is not None else None
    found = []
    for pool in pools:
        if pool.name not in known or (paths is not None and pool.name not in paths):
            raise BadAnswer(f"the pool {pool.name} came or went meanwhile")
        identity = pool.guid or guids.get(pool.name)
        if identity is None:
            raise BadAnswer(f"the pool {pool.name} has no GUID")
        vdevs = _with_guids(pool.vdevs, known[pool.name].vdevs)
        if paths is not None:
            vdevs = _with_paths(vdevs, paths[pool.name].vdevs)
        found.append(replace(pool, guid=identity, vdevs=vdevs))
    return tuple(found)


def _pairs(
    vdevs: tuple[Vdev, ...], others: tuple[Vdev, ...]
) -> Iterable[tuple[Vdev, Vdev]]:
    if [vdev.group for vdev in vdevs] != [other.group for other in others]:
        raise BadAnswer("vdevs came or went meanwhile")
    return zip(vdevs, others, strict=True)


def _with_guids(vdevs: tuple[Vdev, ...], others: tuple[Vdev, ...]) -> tuple[Vdev, ...]:
    return tuple(
        replace(
            vdev,
            guid=vdev.guid or _guid(other.name),
            state=vdev.state or other.state,
            children=_with_guids(vdev.children, other.children),
        )
        for vdev, other in _pairs(vdevs, others)
    )


def _guid(name: str) -> str:
    found = guid(name)
    if found is None:
        raise BadAnswer(f"{name} is no GUID")
    return found


def _with_paths(vdevs: tuple[Vdev, ...], others: tuple[Vdev, ...]) -> tuple[Vdev, ...]:
    return tuple(
        replace(
            vdev,
            path=vdev.path
            or (other.name if other.name.startswith("/") and not children else None),
            children=children,
        )
        for vdev, other in _pairs(vdevs, others)
        for children in (_with_paths(vdev.children, other.children),)
    )


def measured(pools: Iterable[Pool], listing: Listing) -> tuple[Pool, ...]:
    """Tell pools and vdevs how large they are and how much of it is used."""
    return tuple(
        replace(
            pool,
            space=listing.pools.get(pool.name),
            vdevs=tuple(_measured(vdev, listing) for vdev in pool.vdevs),
        )
        for pool in pools
    )


def _measured(vdev: Vdev, listing: Listing) -> Vdev:
    return replace(
        vdev,
        space=listing.vdevs.get(vdev.guid) if vdev.guid else None,
        children=tuple(_measured(child, listing) for child in vdev.children),
    )
