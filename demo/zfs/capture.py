"""A pool as a real OpenZFS once printed it, and what else it would have printed."""

from collections.abc import Iterator
from copy import deepcopy
import json
from pathlib import Path
import re
from typing import Any

CASES = Path(__file__).parents[2] / "tests" / "sources" / "zfs" / "cases"
JSON = ("status-jint.txt", "status-json-int.txt")
TEXT = ("status-pv.txt", "status.txt")
# in the order in which text and iostat have them
SECTIONS = ("dedup", "special", "logs", "l2cache", "spares")
_ROW = re.compile(r"\t( *)([^ ].*?)  +([A-Z]+) *(.*)$")
# latencies, and queues: 2.2 and later
_LATENCY = 11
_QUEUES = 14


def _read(folder: Path) -> tuple[str, str]:
    """Return the JSON and the text of a case, empty where there is none."""
    found = [
        next((folder / name for name in names if (folder / name).exists()), None)
        for names in (JSON, TEXT)
    ]
    first, second = (path.read_text() if path else "" for path in found)
    return first, second


# read at once: whoever serves them may not wait for a disk
_TEXTS = {folder.name: _read(folder) for folder in CASES.iterdir() if folder.is_dir()}
ARCSTATS = (CASES / "arc" / "arcstats.txt").read_text().splitlines()


class Capture:
    """What the tools print of one pool."""

    def __init__(self, case: str) -> None:
        """Take the captures of one state."""
        document, self.text = _TEXTS[case]
        pools: dict[str, dict[str, Any]] = json.loads(document)["pools"]
        ((self.name, self.pool),) = pools.items()

    @property
    def guid(self) -> str:
        """Return what the pool is known by."""
        return str(self.pool["pool_guid"])

    @property
    def state(self) -> str:
        """Return what the kernel calls its state."""
        return str(self.pool["state"])

    def finish_scan(self) -> None:
        """Let what goes over the pool come to its end."""
        self.pool["scan_stats"] |= {"state": "FINISHED", "end_time": 1795145000}

    def widen(self, mirrors: int) -> None:
        """Have so many of the first mirror, each known by GUIDs of its own."""
        parts = self.pool["vdevs"][self.name]["vdevs"]
        first = parts["mirror-0"]
        for number in range(1, mirrors):
            mirror = deepcopy(first) | {"name": f"mirror-{number}"}
            for part in (mirror, *mirror["vdevs"].values()):
                part["guid"] = int(part["guid"]) // 2 + number
            parts[mirror["name"]] = mirror

    def parts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield all vdevs with their section, in the order of the text."""
        root = self.pool["vdevs"][self.name]
        yield from self._below("", root)
        for section in SECTIONS:
            for part in self.pool.get(section, {}).values():
                yield section, part
                yield from self._below(section, part)

    def _below(
        self, section: str, vdev: dict[str, Any]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for part in vdev.get("vdevs", {}).values():
            yield section, part
            yield from self._below(section, part)

    def sizes(self) -> str:
        """Print it as `zpool list -Hpvg` does."""
        root = self.pool["vdevs"][self.name]
        rows = [_sizes(self.name, root, "\t-")]
        section = ""
        for here, part in self.parts():
            if here != section:
                section = here
                rows.append(f"{section:<30}-      -      -        -         -")
            rows.append("\t" + _sizes(str(part["guid"]), part, ""))
        return "".join(f"{row}\n" for row in rows)

    def status_guids(self) -> str:
        """Print its text with GUIDs in the place of names, as -g does."""
        guids = iter(str(part["guid"]) for _, part in self.parts())
        lines = []
        for line in self.text.split("\n"):
            match = _ROW.match(line)
            if match is None:
                lines.append(line)
                continue
            indent, name, state, rest = match.groups()
            if indent:
                name = next(guids)
            width = 26 if name != "NAME" else 26 - len(indent)
            lines.append(f"\t{indent + name:<{width}}{state:<8} {rest}".rstrip())
        return "\n".join(lines)

    def sample(self, work: tuple[int, int, int, int]) -> str:
        """Print one sample as `zpool iostat -Hpvyg -lq` does, all doing the same."""
        rows = [_sample(self.name, self.pool["vdevs"][self.name], work)]
        section = ""
        for here, part in self.parts():
            if here == "spares":
                break
            if here != section:
                section = here
                rows.append("")
            rows.append(_sample(str(part["guid"]), part, work))
        return "".join(f"{row}\n" for row in rows)


def _sizes(name: str, vdev: dict[str, Any], end: str) -> str:
    size = vdev.get("total_space") or vdev.get("rep_dev_size") or "-"
    used = vdev.get("alloc_space", 0)
    free = size - used if "total_space" in vdev else "-"
    shown = used if "total_space" in vdev else "-"
    state = vdev.get("state", "ONLINE")
    return f"{name}\t{size}\t{shown}\t{free}\t-\t-\t3\t12\t1.00\t{state}{end}"


def _sample(name: str, vdev: dict[str, Any], work: tuple[int, int, int, int]) -> str:
    used = vdev.get("alloc_space", 0)
    free = vdev.get("total_space", 0) - used
    took = ["1500000" if number else "-" for number in work[:2]]
    fields = [str(used), str(free), *map(str, work), *took]
    fields += ["-"] * (_LATENCY - 2) + ["0"] * _QUEUES
    return "\t".join([name, *fields])
