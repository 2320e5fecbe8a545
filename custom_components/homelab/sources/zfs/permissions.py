"""What may be done there, learned without doing it: `id`, `sudo -n -l`, `zfs allow`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
import re

from .commands import READS, WRITES

# the forced command says in its first line which changes it lets through
WRAPPER = "homelab-zfs may:"
# the words by which it is told so, and what they allow
WORDS = {
    "scrub": ("scrub_start", "scrub_pause", "scrub_stop"),
    "clear": ("clear_errors",),
    "trim": ("trim",),
    "snapshot": ("snapshot",),
    "smart": ("smart",),
}
POOL_ACTIONS = ("scrub_start", "scrub_pause", "scrub_stop", "clear_errors", "trim")

_ID = re.compile(rb"uid=([0-9]+)(?:\(([^)]*)\))?")
_GROUP = re.compile(rb"[0-9]+\(([^)]*)\)")
_RULE = re.compile(r"\s+\(([^)]*)\) (.+)")
_TAG = re.compile(r"([A-Z_]+): ?")
_BETWEEN = re.compile(r"(?<!\\), ")
_DESCENDENT = ("Local+Descendent permissions:", "Descendent permissions:")
_SETS = "Permission sets:"


class Way(StrEnum):
    """How something that is allowed is done."""

    PLAIN = "plain"
    SUDO = "sudo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What the user may do; a rule is a command of sudo, later ones win."""

    user: str = ""
    groups: frozenset[str] = frozenset()
    is_root: bool = False
    rules: tuple[str, ...] = ()
    # None: no forced command stands before the shell
    let_through: frozenset[str] | None = None
    delegated: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def way(self, key: str, *names: str) -> Way | None:
        """Return how a row may be run; None where it may not."""
        if self.let_through is not None and key not in self.let_through:
            return None
        if self.is_root:
            return Way.PLAIN
        if key == "snapshot" and "snapshot" in self.delegated.get(
            names[0].partition("/")[0].partition("@")[0], ()
        ):
            return Way.PLAIN
        row = WRITES.get(key) or READS[key]
        command = row.words.partition(" ")[0], f"{row.words} {' '.join(names)}"
        program, arguments = command[0], command[1].partition(" ")[2]
        allowed = False
        for rule in self.rules:
            if _matches(rule.removeprefix("!"), program, arguments):
                allowed = not rule.startswith("!")
        return Way.SUDO if allowed else None

    def of_pool(self, pool: str) -> frozenset[str]:
        """Return the keys of what may be done to a pool."""
        may = {key for key in POOL_ACTIONS if self.way(key, pool)}
        return frozenset(may)


def _matches(rule: str, program: str, arguments: str) -> bool:
    if rule == "ALL":
        return True
    path, _, wanted = rule.partition(" ")
    if not fnmatchcase(program, path.rpartition("/")[2]):
        return False
    return not wanted or fnmatchcase(arguments, wanted)


def parse_permissions(identity: bytes, allowed: bytes) -> Permissions:
    """Read `id` and `sudo -n -l`; where that was refused, nothing is allowed."""
    match = _ID.match(identity)
    groups = identity.partition(b"groups=")[2]
    lines = allowed.decode(errors="replace").splitlines()
    said = next((line for line in lines if line.startswith(WRAPPER)), None)
    words = said.removeprefix(WRAPPER).split() if said is not None else ()
    return Permissions(
        user=(match[2] or b"").decode(errors="replace") if match else "",
        groups=frozenset(
            name.decode(errors="replace") for name in _GROUP.findall(groups)
        ),
        is_root=match is not None and match[1] == b"0",
        rules=tuple(_rules(lines)),
        let_through=None
        if said is None
        else frozenset(key for word in words for key in WORDS.get(word, ())),
    )


def _rules(lines: list[str]) -> Iterator[str]:
    """Yield the commands of root; those that need a password as forbidden ones.

    The last that fits counts: one with a password undoes one without before it.
    """
    whole: list[str] = []
    for line in lines:
        if _RULE.fullmatch(line):
            whole.append(line)
        elif whole and line[:1].isspace():
            # an old sudo breaks long lines
            whole[-1] += " " + line.strip()
    for line in whole:
        match = _RULE.fullmatch(line)
        users = match[1].partition(":")[0] if match else ""
        as_root = {user.strip() for user in users.split(",")} & {"root", "ALL"}
        needs_password = True
        for part in _BETWEEN.split(match[2] if match else ""):
            command = part.strip()
            while tag := _TAG.match(command):
                if tag[1] in ("NOPASSWD", "PASSWD"):
                    needs_password = tag[1] == "PASSWD"
                command = command[tag.end() :]
            if as_root:
                plain = re.sub(r"\\(.)", r"\1", command)
                yield f"!{plain.removeprefix('!')}" if needs_password else plain


def parse_delegated(raw: bytes, permissions: Permissions) -> frozenset[str]:
    """Read `zfs allow POOL`: what the user may do to all that is in the pool."""
    sets: dict[str, set[str]] = {}
    mine: set[str] = set()
    section = ""
    for line in raw.decode(errors="replace").splitlines():
        if not line[:1].isspace():
            section = line.strip()
            continue
        words = line.split()
        if section == _SETS and len(words) == 2:
            sets[words[0]] = {*words[1].split(",")}
        elif section in _DESCENDENT and _is_mine(words, permissions):
            mine |= {*words[-1].split(",")}
    for _ in range(len(sets)):
        mine |= {name for each in mine for name in sets.get(each, ())}
    return frozenset(mine)


def _is_mine(words: list[str], permissions: Permissions) -> bool:
    match words:
        case ["everyone", _]:
            return True
        case ["user", name, _]:
            return name == permissions.user
        case ["group", name, _]:
            return name in permissions.groups
    return False
