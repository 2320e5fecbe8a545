"""What `zpool list`, `zfs list` and `zpool get` print with -Hp: rows of tab columns.

A last row without its end was cut off: its last number may be wrong, so it is left out.
So are rows with other columns than asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..models import Dataset, Space, State
from . import words
from .quantity import count, guid, percent, ratio

# what the commands are asked for with -o
POOL_COLUMNS = (
    "name",
    "guid",
    "size",
    "allocated",
    "free",
    "fragmentation",
    "dedupratio",
    "health",
)
DATASET_COLUMNS = (
    "name",
    "type",
    "guid",
    "used",
    "available",
    "referenced",
    "compressratio",
    "quota",
    "refquota",
)
# what `zpool list -v` prints unasked; 2.4 prints altroot for vdevs, too
_LIST_COLUMNS = (
    "name",
    "size",
    "allocated",
    "free",
    "checkpoint",
    "expandsize",
    "fragmentation",
    "capacity",
    "dedupratio",
    "health",
    "altroot",
)

type _Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The sizes of pools, by name, and of vdevs, by GUID, or by name without -g."""

    pools: Mapping[str, Space]
    vdevs: Mapping[str, Space]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPool:
    """A pool with its identity, as a list has it."""

    guid: str | None
    name: str
    state: State | None
    space: Space


def parse_list(raw: bytes) -> Listing:
    """Read `zpool list -Hpvg`.

    Rows of vdevs begin with a tab; headings of sections have none, they stand in
    columns of spaces even with -H.
    """
    pools: dict[str, Space] = {}
    vdevs: dict[str, Space] = {}
    for fields in _rows(raw):
        if fields[0] or len(fields) == 1:
            if row := _row(fields, _LIST_COLUMNS):
                pools[row["name"]] = _space(row)
        elif row := _row(fields[1:], _LIST_COLUMNS) or _row(
            fields[1:], _LIST_COLUMNS[:-1]
        ):
            vdevs[row["name"]] = _space(row)
    return Listing(pools=pools, vdevs=vdevs)


def parse_pools(raw: bytes, columns: tuple[str, ...]) -> tuple[ListedPool, ...]:
    """Read `zpool list -Hp -o …`."""
    return tuple(
        ListedPool(
            guid=guid(row.get("guid")),
            name=row["name"],
            state=words.state(row.get("health")),
            space=_space(row),
        )
        for fields in _rows(raw)
        if (row := _row(fields, columns))
    )


def parse_datasets(raw: bytes, columns: tuple[str, ...]) -> tuple[Dataset, ...]:
    """Read `zfs list -Hp -o …` of file systems and volumes."""
    return tuple(
        Dataset(
            guid=guid(row.get("guid")),
            name=row["name"],
            type=row.get("type"),
            used=count(row.get("used")),
            available=count(row.get("available")),
            referenced=count(row.get("referenced")),
            compression_ratio=ratio(row.get("compressratio")),
            quota=count(row.get("quota")) or None,
            refquota=count(row.get("refquota")) or None,
        )
        for fields in _rows(raw)
        if (row := _row(fields, columns))
    )


def parse_properties(raw: bytes) -> Mapping[str, Mapping[str, str]]:
    """Read `zpool get -Hp …`: the values of properties, by pool or vdev."""
    found: dict[str, dict[str, str]] = {}
    for fields in _rows(raw):
        if len(fields) >= 4:
            # a comment may hold tabs
            name, key, *value, _ = fields
            found.setdefault(name, {})[key] = "\t".join(value)
    return found


def _rows(raw: bytes) -> Iterator[list[str]]:
    for line in raw.split(b"\n")[:-1]:
        yield line.removesuffix(b"\r").decode(errors="replace").split("\t")


def _row(fields: list[str], columns: tuple[str, ...]) -> _Row | None:
    if len(fields) != len(columns) or not fields[0]:
        return None
    return dict(zip(columns, fields, strict=True))


def _space(row: _Row) -> Space:
    return Space(
        size=count(row.get("size")),
        allocated=count(row.get("allocated")),
        free=count(row.get("free")),
        fragmentation=percent(row.get("fragmentation")),
        dedup_ratio=ratio(row.get("dedupratio")),
    )
