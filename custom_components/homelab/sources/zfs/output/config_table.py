"""The table of vdevs in the text of `zpool status`.

Names may hold spaces: columns are told by where the heading has them, in bytes, since
the tool pads bytes. A row that is not where it should be is cut at a known state word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import re

from ..models import Activity, Errors, Group, State, Vdev
from . import words
from .quantity import count

# a path has at most so many bytes; it bounds the work of a row
_LONGEST = 4096
# a pool has four levels; what is deeper is no pool
_DEEPEST = 8
_COUNTERS = (b"READ", b"WRITE", b"CKSUM", b"SLOW", b"POWER", b"DIO")
_HEADING = re.compile(rb" *NAME +STATE(?: |$)")
_STATE = re.compile(rb"(?<=  )(?:" + "|".join(State).upper().encode() + rb")(?= |$)")
_COUNTER = re.compile(r" *([0-9-][^ ]*|on|off)(?= |$)")
_WAS = re.compile(r"was (/.+)")
_VERBOSE = {"trimmed": Activity.TRIMMING, "initialized": Activity.INITIALIZING}
_UNDER_WAY = re.compile(r"[0-9]+% (trimmed|initialized), started at .*")
_IDLE = re.compile(
    r"[0-9]+% (?:trimmed|initialized).*|untrimmed|uninitialized|trim unsupported"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table; `depth` is 0 for the pool, 1 for what it is made of."""

    depth: int
    group: Group | None
    name: str
    state: State | None
    errors: Errors
    note: str | None
    activities: tuple[Activity, ...]


def read_table(lines: list[bytes]) -> tuple[Row, ...] | None:
    """Read the rows below the heading; without a heading there is no table."""
    table = [line[:_LONGEST].expandtabs(8).rstrip() for line in lines if line.strip()]
    start = next((n for n, line in enumerate(table) if _HEADING.match(line)), None)
    if start is None:
        return None
    return tuple(_rows(table[start], table[start + 1 :]))


def _rows(heading: bytes, lines: list[bytes]) -> Iterator[Row]:
    left = heading.index(b"NAME")
    at = heading.index(b"STATE") - left
    columns = [word for word in heading.split()[2:] if word in _COUNTERS]
    group: Group | None = Group.NORMAL
    for line in lines:
        body = line[min(left, len(line) - len(line.lstrip())) :]
        depth = (len(body) - len(body.lstrip())) // 2
        name, word, rest = _cut(body, at)
        if not word and depth == 0:
            group = words.GROUPS.get(name)
        else:
            yield _row(min(depth, _DEEPEST), group, name, word, rest, columns)


def _cut(body: bytes, at: int) -> tuple[str, str, str]:
    """Cut a row into name, state and what follows."""
    if body[at:] and (body[at - 2 : at] != b"  " or body[at : at + 1] == b" "):
        match = _STATE.search(body)
        at = match.start() if match else at
    word, _, rest = body[at:].partition(b" ")
    return _text(body[:at]).strip(), _text(word), _text(rest)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _row(
    depth: int,
    group: Group | None,
    name: str,
    word: str,
    rest: str,
    columns: list[bytes],
) -> Row:
    counters: dict[bytes, int | None] = {}
    for column in columns:
        # spares have no counters: their note follows at once
        if not (match := _COUNTER.match(rest)):
            break
        counters[column] = count(match[1])
        rest = rest[match.end() :]
    note, activities = _note(rest.strip())
    return Row(
        depth=depth,
        group=group,
        name=name,
        state=words.state(word),
        errors=Errors(
            read=counters.get(b"READ"),
            write=counters.get(b"WRITE"),
            checksum=counters.get(b"CKSUM"),
        ),
        note=note,
        activities=activities,
    )


def _note(text: str) -> tuple[str | None, tuple[Activity, ...]]:
    """Part what is wrong with a vdev from what is being done to it."""
    activities: list[Activity] = []
    while text.endswith(")"):
        before, _, said = text[:-1].rpartition("(")
        if under_way := _UNDER_WAY.fullmatch(said):
            activities.insert(0, _VERBOSE[under_way[1]])
        elif activity := words.ACTIVITIES.get(said):
            activities.insert(0, activity)
        elif not _IDLE.fullmatch(said):
            break
        text = before.rstrip()
    return text[: words.LONGEST] or None, tuple(activities)


def build_vdevs(rows: tuple[Row, ...]) -> tuple[Vdev, ...]:
    """Make trees of the rows: what stands deeper below a vdev is what it is made of."""
    made: list[tuple[int, Vdev]] = []
    for row in reversed(rows):
        children: list[Vdev] = []
        while made and made[-1][0] > row.depth:
            children.append(made.pop()[1])
        made.append((row.depth, _vdev(row, tuple(children))))
    return tuple(vdev for _, vdev in reversed(made))


def _vdev(row: Row, children: tuple[Vdev, ...]) -> Vdev:
    was = _WAS.fullmatch(row.note or "")
    path = was[1] if was and not children else None
    return Vdev(
        guid=None,
        name=row.name,
        kind=words.kind(row.name, has_children=bool(children), path=path),
        group=row.group,
        state=row.state,
        errors=row.errors,
        path=path,
        note=row.note,
        activities=row.activities,
        children=children,
    )
