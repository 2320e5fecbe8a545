"""A machine with pools: what its commands answer, and what has been asked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
import json
import re
import shlex
from typing import Any

from demo.zfs.capture import ARCSTATS, Capture

DATASET_GUID = 4_000_000_000_000_000_000
_STAMP = 1795146000
_PREFIX = re.compile(r"/usr/bin/env -i PATH=\S+ LC_ALL=C TZ=UTC ")
_ARC = re.compile(r"(c|c_max|size|hits|misses) .*")
# how the tool itself ends when something is not there
_MISSING = 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command prints, and how it ends."""

    out: str = ""
    err: str = ""
    code: int = 0


@dataclass(kw_only=True)
class SimulatedZfs:
    """A host; what is set here holds from the next command on."""

    name: str = "nas"
    system: str = "Linux"
    release: str = "2.3.9"
    identity: str = "0123456789abcdef0123456789abcdef"
    user: str = "uid=0(root) gid=0(root) groups=0(root)"
    allowed: str = ""
    delegated: str = ""
    captures: list[Capture] = field(default_factory=list)
    datasets: list[str] = field(default_factory=lambda: ["media", "with space"])
    snapshots: dict[str, int] = field(default_factory=dict)
    rotating: bool = True
    asleep: set[str] = field(default_factory=set)
    kernel_states: dict[str, str] = field(default_factory=dict)
    work: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    hits: int = 45433
    # what comes instead of an answer, by how a command begins
    instead: dict[str, Answer] = field(default_factory=dict)
    # what a command changes, by its line
    effects: dict[str, Callable[[], None]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    clock: int = _STAMP

    def show(self, *cases: str) -> None:
        """Have these pools, and no others."""
        self.captures = [Capture(case) for case in cases]

    def take(self, text: str) -> list[str]:
        """Note a command; return its words without what stands before each."""
        line = _PREFIX.sub("", text)
        self.log.append(line)
        words = shlex.split(line)
        return (
            words[2:] if words[:2] == ["sudo", "-n"] and words[2:] != ["-l"] else words
        )

    def run(self, words: Sequence[str]) -> Answer:
        """Answer a command."""
        line = shlex.join(words)
        for start, instead in self.instead.items():
            if line.startswith(start):
                return instead
        handler = getattr(self, f"_{words[0].replace('-', '_')}", None)
        if handler is None:
            return Answer(err=f"env: {words[0]}: No such file or directory", code=127)
        answer: Answer = handler(list(words[1:]))
        if line in self.effects and not answer.code:
            self.effects[line]()
        return answer

    def sample(self) -> str:
        """Print what all pools do now, as one sample of the stream."""
        self.clock += 1
        return f"{self.clock}\n" + "".join(
            capture.sample(self.work.get(capture.name, (0, 0, 0, 0)))
            for capture in self.captures
        )

    # --- what every system has ---

    def _uname(self, _: list[str]) -> Answer:
        return Answer(out=f"{self.system} {self.name}\n")

    def _cat(self, _: list[str]) -> Answer:
        return Answer(out=f"{self.identity}\n", err="cat: no such file", code=1)

    def _id(self, _: list[str]) -> Answer:
        return Answer(out=f"{self.user}\n")

    def _sudo(self, _: list[str]) -> Answer:
        return Answer(out=self.allowed, code=0 if self.allowed else 1)

    def _date(self, _: list[str]) -> Answer:
        return Answer(out=f"{self.clock}\n")

    def _pgrep(self, _: list[str]) -> Answer:
        return Answer(code=1)

    def _find(self, _: list[str]) -> Answer:
        folder = "/proc/spl/kstat/zfs"
        rows = [
            f"{folder}/{c.name}/{key}:{value}"
            for c in self.captures
            for key, value in (("state", self._kernel_state(c)), ("guid", c.guid))
        ]
        rows += [
            f"{folder}/arcstats:{line}" for line in ARCSTATS if _ARC.fullmatch(line)
        ]
        text = "".join(f"{row}\n" for row in rows)
        return Answer(out=text.replace("    45433", f"    {self.hits}"))

    def _kernel_state(self, capture: Capture) -> str:
        return self.kernel_states.get(capture.name, capture.state)

    def _sysctl(self, words: list[str]) -> Answer:
        if words[-1] == "kern.hostuuid":
            return Answer(out="12345678-1234-1234-1234-123456789abc\n")
        rows = [
            "kstat.zfs.misc.arcstats.size: 1000",
            f"kstat.zfs.misc.arcstats.hits: {self.hits}",
            "kstat.zfs.misc.arcstats.misses: 47",
        ]
        for capture in self.captures:
            stem = f"kstat.zfs.{capture.name}.misc"
            if f"{stem}.state" in words:
                rows.append(f"{stem}.state: {self._kernel_state(capture)}")
                rows.append(f"{stem}.guid: {capture.guid}")
        return Answer(out="".join(f"{row}\n" for row in rows))

    def _lsblk(self, _: list[str]) -> Answer:
        turns = int(self.rotating)
        rows = []
        for letter in "abcdefghijk":
            disk = f'KNAME="vd{letter}" PKNAME="" TYPE="disk" ROTA="{turns}"'
            rows.append(
                f'NAME="vd{letter}" {disk} MODEL="Disk\\x20{letter}" '
                f'SERIAL="S{letter}1" WWN="0x5000{letter}" PARTUUID=""'
            )
            part = f'KNAME="vd{letter}1" PKNAME="vd{letter}" TYPE="part"'
            rows.append(
                f'NAME="vd{letter}1" {part} ROTA="{turns}" MODEL="" SERIAL="" '
                f'WWN="0x5000{letter}" PARTUUID="AAAA-{letter}"'
            )
        return Answer(out="".join(f"{row}\n" for row in rows))

    def _geom(self, _: list[str]) -> Answer:
        return Answer(out="Geom name: vda\nProviders:\n1. Name: vda\n")

    def _glabel(self, _: list[str]) -> Answer:
        return Answer()

    def _smartctl(self, words: list[str]) -> Answer:
        if words == ["-V"]:
            return Answer(out="smartctl 7.4\n")
        device = words[-1]
        said: dict[str, Any] = {"smartctl": {"exit_status": 0}}
        if device in self.asleep:
            sentence = "Device is in STANDBY mode, exit(2)"
            said["smartctl"] = {"exit_status": 2, "messages": [{"string": sentence}]}
            return Answer(out=json.dumps(said), code=2)
        said |= {
            "smart_status": {"passed": True},
            "temperature": {"current": 31},
            "power_on_time": {"hours": 12345},
        }
        return Answer(out=json.dumps(said))

    # --- what ZFS has ---

    def _zpool(self, words: list[str]) -> Answer:
        match words:
            case ["version"]:
                return Answer(out=f"zfs-{self.release}\nzfs-kmod-{self.release}\n")
            case ["status", "-jp", "--json-int", *names]:
                return self._about(names, self._status_json)
            case ["status", "-gp", *names]:
                return self._about(names, lambda found: _all(found, "status_guids"))
            case ["status", _, *names]:
                texts = (capture.text for capture in self._named(names))
                return Answer(out="\n".join(texts))
            case ["list", "-Hpvg", *names]:
                return self._about(names, lambda found: _all(found, "sizes"))
            case ["list", "-Hp", "-o", _, *names]:
                rows = (f"{c.name}\t{c.guid}{_COLUMNS}\n" for c in self._named(names))
                return Answer(out="".join(rows))
            case [("scrub" | "clear" | "trim"), *_, name]:
                return self._about([name], lambda _: "")
        return Answer(err=f"unrecognized command {words}", code=2)

    def _zfs(self, words: list[str]) -> Answer:
        match words:
            case ["list", "-Hp", "-t", "filesystem,volume", "-o", _, "-d", _, *names]:
                return Answer(out="".join(self._datasets(names)))
            case ["list", "-Hp", "-t", "snapshot", *_, pool]:
                rows = (
                    f"{name}\t{made}\n"
                    for name, made in self.snapshots.items()
                    if name.partition("@")[0].partition("/")[0] == pool
                )
                return Answer(out="".join(rows))
            case ["allow", _]:
                return Answer(out=self.delegated)
            case ["snapshot", name]:
                if name in self.snapshots:
                    said = f"cannot create snapshot '{name}': dataset already exists"
                    return Answer(err=said, code=_MISSING)
                self.snapshots[name] = self.clock
                return Answer()
        return Answer(err=f"unrecognized command {words}", code=2)

    def _datasets(self, pools: list[str]) -> Iterator[str]:
        number = DATASET_GUID
        for capture in self.captures:
            for name in ("", *self.datasets):
                number += 1
                whole = f"{capture.name}/{name}" if name else capture.name
                if capture.name in pools:
                    numbers = "1048576\t9000000\t524288\t1.52\t2097152\t0"
                    yield f"{whole}\tfilesystem\t{number}\t{numbers}\n"

    def _named(self, names: list[str]) -> list[Capture]:
        return [c for c in self.captures if not names or c.name in names]

    def _about(self, names: list[str], tell: Callable[[list[Capture]], str]) -> Answer:
        found = self._named(names)
        if names and len(found) < len(names):
            said = f"cannot open '{names[0]}': no such pool\n"
            return Answer(err=said, code=_MISSING)
        return Answer(out=tell(found))

    def _status_json(self, found: list[Capture]) -> str:
        version = {"command": "zpool status", "vers_major": 0, "vers_minor": 1}
        pools = {capture.name: capture.pool for capture in found}
        return json.dumps({"output_version": version, "pools": pools})


_COLUMNS = "\t503316480\t63469568\t439846912\t0\t1.00\tONLINE"


def _all(found: list[Capture], what: str) -> str:
    return "".join(getattr(capture, what)() for capture in found)
