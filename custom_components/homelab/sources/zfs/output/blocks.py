"""The disks behind what pools are made of: what they are, and whether they rotate."""

from collections.abc import Mapping
from dataclasses import dataclass
import re

_PAIR = re.compile(r'([A-Z:-]+)="([^"]*)"')
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_PART_OF_LINK = re.compile(r"-part[0-9]+$")
# what stands behind the serial number: the namespace of NVMe, the unit of USB
_TAIL_OF_LINK = re.compile(r"(?<=.)(?:_[0-9]+|-[0-9]+:[0-9]+)$")
_PART_OF_LABEL = re.compile(r"[ps][0-9]+[a-z]?$")
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
        self._by_label: dict[str, _Device | None] = {}
        self._disks: list[_Device] = []
        for line in raw.decode(errors="replace").splitlines():
            device = {key: _plain(value) for key, value in _PAIR.findall(line)}
            for key in ("NAME", "KNAME"):
                self._by_name.setdefault(device.get(key, ""), device)
            if partition := device.get("PARTUUID"):
                self._by_partition[partition.lower()] = device
            if label := device.get("PARTLABEL"):
                # of two with the same label nobody knows which one is meant
                self._by_label[label] = None if label in self._by_label else device
            if device.get("TYPE") == "disk":
                self._disks.append(device)
        self._disks.sort(key=lambda disk: -len(_serial_of_link(disk)))

    def find(self, path: str) -> Block | None:
        """Return the disk that a path leads to."""
        folder, _, name = path.rpartition("/")
        if folder.endswith("by-partuuid"):
            return self._disk(self._by_partition.get(name.lower()))
        if folder.endswith("by-partlabel"):
            return self._disk(self._by_label.get(_plain(name)))
        return self._disk(self._by_name.get(name)) or self._linked(name)

    def _linked(self, name: str) -> Block | None:
        """Find a disk by the name of a link, which holds its serial number or WWN."""
        stem = _PART_OF_LINK.sub("", name)
        for device in self._disks:
            if stem in _links_by_wwn(device.get("WWN", "")):
                return self._disk(device)
        short = _TAIL_OF_LINK.sub("", stem)
        # the longest first: one serial number may be the end of another
        for device in self._disks:
            serial = f"_{_serial_of_link(device)}"
            if stem.endswith(serial) or short.endswith(serial):
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


def _serial_of_link(device: _Device) -> str:
    # a disk without one has no link: no name has a slash
    return device.get("SERIAL", "").replace(" ", "_") or "/"


def _links_by_wwn(wwn: str) -> tuple[str, ...]:
    if not wwn:
        return ()
    # SCSI writes 3 before a number of the sort NAA
    return f"wwn-{wwn}", f"nvme-{wwn}", f"scsi-3{wwn.removeprefix('0x')}"


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
                model=_said(said, "descr"),
                serial=_said(said, "ident"),
            )
        # a label may have spaces in it
        rows = (
            line.rsplit(None, 2) for line in labels.decode(errors="replace").split("\n")
        )
        self._labels = {row[0].strip(): row[2] for row in rows if len(row) == 3}

    def find(self, path: str) -> Block | None:
        """Return the disk that a path leads to."""
        name = path.removeprefix("/dev/").removesuffix(".eli")
        whole = _PART_OF_LABEL.sub("", name)
        for label in (name, whole):
            if label in self._labels:
                name = self._labels[label].removesuffix(".eli")
                break
        match = _SLICE.fullmatch(name)
        return self._blocks.get(match[1]) if match else None


def _said(said: Mapping[str, str], key: str) -> str | None:
    """Return what is told; a driver that knows nothing tells a word of C."""
    value = said.get(key)
    return None if value in ("", "(null)") else value


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).strip()
