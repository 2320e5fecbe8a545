"""The commands that a ZFS host is sent: these and no others.

Each has one exact text, which the forced command `homelab-zfs` compares letter by
letter. `env -i` begins with an empty environment: no language, no time zone and none of
the variables that change what the tools call a disk; and it works in every shell.
"""

from dataclasses import dataclass
from typing import Final

from ...source import BadAnswer
from ...transports.ssh import quote
from .output.listing import DATASET_COLUMNS, POOL_COLUMNS

PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
PREFIX: Final = f"/usr/bin/env -i PATH={PATH} LC_ALL=C TZ=UTC "
SUDO: Final = "sudo -n "

# where one of these hangs, the others would
ASKING: Final = ("zpool", "zfs", "snapshots")
CHANGING: Final = ("change", "clear")

KSTATS: Final = "/proc/spl/kstat/zfs"
# nobody reads c and c_max, but a `homelab-zfs` on a server knows the text only with them
ARC: Final = ("size", "c", "c_max", "hits", "misses")
_ARC_SYSCTLS: Final = " ".join(f"kstat.zfs.misc.arcstats.{name}" for name in ARC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A command; what is not fixed of it are names at its end."""

    words: str
    deadline: float = 20

    def line(self, *names: str) -> str:
        """Return the command with its names, as a person would type it."""
        if any(name.startswith("-") for name in names):
            raise BadAnswer("a name that looks like an option")
        return f"{self.words} {quote(*names)}" if names else self.words

    def text(self, *names: str, sudo: bool = False) -> str:
        """Return exactly what is sent."""
        return f"{PREFIX}{SUDO if sudo else ''}{self.line(*names)}"

    @property
    def program(self) -> str:
        """What has to be installed for it."""
        return self.words.partition(" ")[0]


READS: Final = {
    # who is there, and what is there besides ZFS
    "machine": Row(words="uname -sn"),
    "machine_id": Row(words="cat /etc/machine-id /var/lib/dbus/machine-id"),
    "host_uuid": Row(words="sysctl -n kern.hostuuid"),
    "user": Row(words="id"),
    "allowed": Row(words="sudo -n -l"),
    "clock": Row(words="date +%s"),
    "blocks": Row(
        words="lsblk -Po NAME,KNAME,PKNAME,TYPE,ROTA,MODEL,SERIAL,WWN,PARTUUID,"
        "PARTLABEL"
    ),
    "geoms": Row(words="geom disk list"),
    "labels": Row(words="glabel status -s"),
    # what an earlier connection has left behind; what asks is told by its own options
    "left": Row(
        words="pgrep -f '^(zpool (status (-jp --json-int|-ps|-gp|-pP)|list (-Hpvg|-Hp "
        "-o name,guid,size))|zfs (list -Hp -t (filesystem,volume|snapshot) |allow ))'"
    ),
    "smart_left": Row(words="pgrep -f '^smartctl -n standby -j -i -H'"),
    "changes_left": Row(
        words="pgrep -f '^(zpool (scrub (-[ps] )?|trim )[A-Za-z]|zfs snapshot )'"
    ),
    "clear_left": Row(words="pgrep -f '^zpool clear '"),
    # what the kernel tells without a lock
    "kstats": Row(
        words=f"find {KSTATS} -maxdepth 2 '(' -name state -o -name guid -o "
        "-name arcstats ')' -exec grep -HE "
        "'^([A-Z]+|[0-9]+|(c|c_max|size|hits|misses) .*)$' '{}' +"
    ),
    "sysctls": Row(words=f"sysctl -i {_ARC_SYSCTLS}"),
    "iostat": Row(words="zpool iostat -Hpvyg -lq -T u"),
    # what asks ZFS itself
    "version": Row(words="zpool version"),
    "status_json": Row(words="zpool status -jp --json-int"),
    "status_text": Row(words="zpool status -ps"),
    "status_guids": Row(words="zpool status -gp"),
    "status_paths": Row(words="zpool status -pP"),
    "sizes": Row(words="zpool list -Hpvg"),
    "pools": Row(words=f"zpool list -Hp -o {','.join(POOL_COLUMNS)}"),
    "datasets": Row(
        words=f"zfs list -Hp -t filesystem,volume -o {','.join(DATASET_COLUMNS)} -d",
        deadline=60,
    ),
    "snapshots": Row(
        words="zfs list -Hp -t snapshot -o name,creation -r", deadline=120
    ),
    "delegated": Row(words="zfs allow"),
    # it leaves a disk alone that sleeps
    "smart": Row(words="smartctl -n standby -j -i -H -A", deadline=30),
    "smartctl": Row(words="smartctl -V"),
}
WRITES: Final = {
    "scrub_start": Row(words="zpool scrub", deadline=60),
    "scrub_pause": Row(words="zpool scrub -p", deadline=60),
    "scrub_stop": Row(words="zpool scrub -s", deadline=60),
    "clear_errors": Row(words="zpool clear", deadline=55),
    "trim": Row(words="zpool trim", deadline=60),
    "snapshot": Row(words="zfs snapshot", deadline=55),
}


def family(text: str) -> str:
    """Return of what sort a command is: of each there is one at a time."""
    line = text.removeprefix(PREFIX).removeprefix(SUDO)
    for name, row in WRITES.items():
        if line.startswith(f"{row.words} "):
            return "clear" if name == "clear_errors" else "change"
    for name in ("iostat", "snapshots", "smart"):
        if line.startswith(READS[name].words):
            return name
    program = line.partition(" ")[0]
    return program if program in ASKING else line
