"""The disks behind what pools are made of: what they are, and whether they rotate."""

from collections.abc import Mapping
from dataclasses import dataclass
import re

_PAIR = re.compile(r'([A-Z:-]+)="([^"]*)"')
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_PART_OF_LINK = re.compile(r"-part[0-9]+$")
_SLICE = re.compile(r"([a-z]+[0-9]+)(?:[ps][0-9]+[a-z]?)*")
_DEEPEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A whole disk; what is not told of it is None."""

    device: str
    rotating: bool | None = None
    model: str | None = None
    serial: str | None = None


type _Device = Mapping[str, str]


class Blocks:
    """The disks of a Linux, by any of their names."""

    def __init__(self, raw: bytes) -> None:
        """Read `lsblk -P`."""
        self._by_name: dict[str, _Device] = {}
        self._by_partition: dict[str, _Device] = {}
        self._disks: list[_Device] = []
        for line in raw.decode(errors="replace").splitlines():
            device = {key: _plain(value) for key, value in _PAIR.findall(line)}
            for key in ("NAME", "KNAME"):
                self._by_name.setdefault(device.get(key, ""), device)
            if partition := device.get("PARTUUID"):
                self._by_partition[partition.lower()] = device
            if device.get("TYPE") == "disk":
                self._disks.append(device)

    def find(self, path: str) -> Block | None:
        """Return the disk that a path leads to."""
        folder, _, name = path.rpartition("/")
        if folder.endswith("by-partuuid"):
            return self._disk(self._by_partition.get(name.lower()))
        return self._disk(self._by_name.get(name)) or self._linked(name)

    def _linked(self, name: str) -> Block | None:
        """Find a disk by the name of a link, which holds its serial number."""
        stem = _PART_OF_LINK.sub("", name)
        for device in self._disks:
            serial = device.get("SERIAL", "").replace(" ", "_")
            if serial and stem.endswith(f"_{serial}"):
                return self._disk(device)
            if device.get("WWN") and stem in (
                f"wwn-{device['WWN']}",
                f"nvme-{device['WWN']}",
            ):
                return self._disk(device)
        return None

    def _disk(self, device: _Device | None) -> Block | None:
        for _ in range(_DEEPEST):
            if device is None or device.get("TYPE") == "disk":
                break
            device = self._by_name.get(device.get("PKNAME") or " ")
        if device is None or device.get("TYPE") != "disk":
            return None
        return Block(
            device=f"/dev/{device['NAME']}",
            rotating={"1": True, "0": False}.get(device.get("ROTA", "")),
            model=device.get("MODEL") or None,
            serial=device.get("SERIAL") or None,
        )


class Geoms:
    """The disks of a FreeBSD, by their names and labels."""

    def __init__(self, raw: bytes, labels: bytes) -> None:
        """Read `geom disk list` and `glabel status -s`."""
        self._blocks: dict[str, Block] = {}
        for text in raw.decode(errors="replace").split("Geom name: ")[1:]:
            name = text.partition("\n")[0].strip()
            said = {
                key.strip(): value.strip()
                for key, _, value in (line.partition(":") for line in text.split("\n"))
            }
            rate = said.get("rotationrate", "")
            self._blocks[name] = Block(
                device=f"/dev/{name}",
                rotating=rate != "0" if rate.isdecimal() else None,
                model=said.get("descr") or None,
                serial=said.get("ident") or None,
            )
        rows = (line.split() for line in labels.decode(errors="replace").splitlines())
        self._labels = {row[0]: row[2] for row in rows if len(row) == 3}

    def find(self, path: str) -> Block | None:
        """Return the disk that a path leads to."""
        name = path.removeprefix("/dev/")
        name = self._labels.get(name, name).removesuffix(".eli")
        match = _SLICE.fullmatch(name)
        return self._blocks.get(match[1]) if match else None


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).strip()
