"""`zpool version`: what of OpenZFS runs."""

from dataclasses import dataclass
import re

from ....source import BadAnswer
from .document import facts, read_document, text

_LINE = re.compile(rb"^zfs-(kmod-)?(v?[0-9][!-~]{0,99})\r?$", re.MULTILINE)
_RELEASE = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?")
_FIRST_WITH_JSON = (2, 3, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The version of the tools, and that of the kernel's module, which may differ."""

    userland: str
    kernel: str | None

    @property
    def release(self) -> tuple[int, int, int] | None:
        """The tools' numbers, to be compared."""
        match = _RELEASE.match(self.userland)
        if match is None:
            return None
        return int(match[1]), int(match[2]), int(match[3] or 0)

    @property
    def has_json(self) -> bool:
        """Whether `zpool status -j` is known to these tools."""
        return self.release is not None and self.release >= _FIRST_WITH_JSON


def parse_version(raw: bytes) -> Version:
    """Read the two lines, or what -j prints in their place."""
    if raw.lstrip().startswith(b"{"):
        said = facts(read_document(raw).get("zfs_version"))
        raw = "\n".join(
            text(said.get(k)) or "" for k in ("userland", "kernel")
        ).encode()
    found = {bool(kmod): number.decode() for kmod, number in _LINE.findall(raw)}
    if False not in found:
        raise BadAnswer("no version of OpenZFS")
    return Version(userland=found[False], kernel=found.get(True))
