"""The tool's vocabulary: states, kinds, groups and notes, in text as in JSON."""

import re

from ..models import Activity, Group, Kind, State

# what an attribute of an entity may hold
LONGEST = 1024

# the section that a vdev stands in, as text, lists and JSON call it; and JSON's classes
GROUPS = {
    "normal": Group.NORMAL,
    "dedup": Group.DEDUP,
    "special": Group.SPECIAL,
    "log": Group.LOG,
    "logs": Group.LOG,
    "cache": Group.CACHE,
    "l2cache": Group.CACHE,
    "spare": Group.SPARE,
    "spares": Group.SPARE,
}
ACTIVITIES = {
    "removing": Activity.REMOVING,
    "non-allocating": Activity.NON_ALLOCATING,
    "resilvering": Activity.RESILVERING,
    "repairing": Activity.REPAIRING,
    "awaiting resilver": Activity.AWAITING_RESILVER,
    "initializing": Activity.INITIALIZING,
    "trimming": Activity.TRIMMING,
}
# JSON tells why a vdev is not well by a name, text by these words (zpool_main.c)
REASONS = {
    "OPEN_FAILED": "cannot open",
    "CORRUPT_DATA": "corrupted data",
    "NO_REPLICAS": "insufficient replicas",
    "BAD_GUID_SUM": "missing device",
    "TOO_SMALL": "corrupted data",
    "BAD_LABEL": "invalid label",
    "VERSION_NEWER": "newer version",
    "VERSION_OLDER": "corrupted data",
    "UNSUP_FEAT": "unsupported feature(s)",
    "SPARED": "currently in use",
    "ERR_EXCEEDED": "too many errors",
    "IO_FAILURE": "experienced I/O failures",
    "BAD_LOG": "bad intent log",
    "EXTERNAL": "external device fault",
    "SPLIT_POOL": "split into new pool",
    "BAD_ASHIFT": "corrupted data",
    "EXTERNAL_PERSIST": "external device fault",
    "ACTIVE": "currently in use",
    "CHILDREN_OFFLINE": "all children offline",
    "ASHIFT_TOO_BIG": "unsupported minimum blocksize",
}
_STATES = {state.upper(): state for state in State}
_KINDS = {
    "mirror": Kind.MIRROR,
    "raidz1": Kind.RAIDZ1,
    "raidz2": Kind.RAIDZ2,
    "raidz3": Kind.RAIDZ3,
    "draid": Kind.DRAID,
    "replacing": Kind.REPLACING,
    "spare": Kind.SPARE,
    "dspare": Kind.DISTRIBUTED_SPARE,
    "indirect": Kind.INDIRECT,
    "disk": Kind.DISK,
    "file": Kind.FILE,
}
_MADE_OF_OTHERS = re.compile(
    r"(?:(mirror|raidz[123]|replacing|spare)|(draid)[0-9][0-9:a-z]*)(?:-[0-9]+)?"
)
_WITHOUT_DISK = re.compile(r"(indirect)-[0-9]+|draid[123]-[0-9]+-[0-9]+")
_MESSAGE = re.compile(r"ZFS-[0-9]{4}-[0-9A-Z]{2}")


def state(word: object) -> State | None:
    """Read the word for a state that text, lists and kstats have."""
    return _STATES.get(word) if isinstance(word, str) else None


def state_in_json(word: object, reason: object) -> State | None:
    """Read a vdev's state in JSON, which has other words for not being there."""
    if word == "CLOSED":
        return State.OFFLINE
    if word == "CANT_OPEN":
        if reason in ("CORRUPT_DATA", "BAD_LOG"):
            return State.FAULTED
        return State.SPLIT if reason == "SPLIT_POOL" else State.UNAVAIL
    return state(word)


def kind(
    name: str, *, has_children: bool, path: str | None = None, type_: object = None
) -> Kind | None:
    """Tell what a vdev is made as: by the type that JSON has, else by its name.

    Only file vdevs are shown with a whole path that is not a device's. What is missing
    is shown as a number, and is what its former path says.
    """
    if isinstance(type_, str) and type_ != "raidz":
        return _KINDS.get(type_)
    if has_children or type_ == "raidz":
        match = _MADE_OF_OTHERS.fullmatch(name)
        return _KINDS[match[1] or match[2]] if match else None
    if match := _WITHOUT_DISK.fullmatch(name):
        return Kind.INDIRECT if match[1] else Kind.DISTRIBUTED_SPARE
    where = path if path and name.isdecimal() else name
    return Kind.FILE if where[:1] == "/" and where[:5] != "/dev/" else Kind.DISK


def sentence(text: object) -> str | None:
    """Return what the tool says, on one line and of bounded length."""
    if not isinstance(text, str):
        return None
    return " ".join(text.split())[:LONGEST] or None


def message(text: object) -> str | None:
    """Return the number under which the tool's message is explained."""
    match = _MESSAGE.search(text) if isinstance(text, str) else None
    return match[0] if match else None
