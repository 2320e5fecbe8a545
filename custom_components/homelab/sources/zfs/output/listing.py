"""What `zpool list` and `zfs list` print with -Hp: rows of tab columns.

A last row without its end was cut off: its last number may be wrong, so it is left out.
So are rows with other columns than asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..models import Dataset, Space
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


def parse_guids(raw: bytes, columns: tuple[str, ...]) -> Mapping[str, str]:
    """Read of `zpool list -Hp -o …` the GUIDs of pools, by name."""
    return {
        row["name"]: identity
        for fields in _rows(raw)
        if (row := _row(fields, columns)) and (identity := guid(row.get("guid")))
    }


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
