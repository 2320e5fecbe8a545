"""Scans in the text of `zpool status`, in the wordings of OpenZFS 0.8 to 2.4."""

import re

from ..models import Scan, ScanFunction, ScanState
from .quantity import count, decimal, duration, earlier, moment

# longer lines than this the tool has none; it bounds the work of each expression
_LONGEST = 512

type _Said = dict[str, str | None]

_WHAT = {
    "scrub": ScanFunction.SCRUB,
    "resilver": ScanFunction.RESILVER,
    "error scrub": ScanFunction.ERROR_SCRUB,
}
_SIZE = r"(?P<size>[0-9][^ ]{0,9})"
_TOOK = r"(?P<took>[0-9][0-9a-z: ]{0,30})"
_WITH = r"with (?P<errors>[^ ]+) errors?"
_ENDED = r"on (?P<ended>.+)"
_SINCE = r"in progress since (?P<started>.+)"
_VDEV = r"\((?P<vdev>[^()]+)\)"
_OF = rf"(?P<what>error scrub|scrub|resilver)(?: {_VDEV})?"
_FINISHED = {
    ScanFunction.SCRUB: rf"scrub repaired {_SIZE} in {_TOOK} {_WITH} {_ENDED}",
    ScanFunction.RESILVER: (
        rf"resilvered (?:{_VDEV} )?{_SIZE} in {_TOOK} {_WITH} {_ENDED}"
    ),
    ScanFunction.ERROR_SCRUB: rf"scrubbed [^ ]+ error blocks in {_TOOK} {_ENDED}",
    ScanFunction.REMOVE: (
        rf"Removal of vdev [0-9]+ copied {_SIZE} in [^ ]+, completed {_ENDED}"
    ),
    ScanFunction.EXPAND: (
        rf"expanded (?P<vdev>[^ ]+) copied {_SIZE} in {_TOOK}, {_ENDED}"
    ),
}
_CANCELED = {
    None: rf"{_OF} cancell?ed {_ENDED}",
    ScanFunction.REMOVE: rf"Removal of (?P<vdev>.+) canceled {_ENDED}",
}
_RUNNING = {
    None: rf"{_OF} {_SINCE}",
    ScanFunction.REMOVE: rf"Evacuation of (?P<vdev>.+) {_SINCE}",
    ScanFunction.EXPAND: rf"expansion of (?P<vdev>[^ ]+) {_SINCE}",
}
_PAUSED = {None: rf"{_OF} paused since .+"}
_HEADS = tuple(
    (function, state, re.compile(pattern))
    for state, patterns in (
        (ScanState.FINISHED, _FINISHED),
        (ScanState.CANCELED, _CANCELED),
        (ScanState.RUNNING, _RUNNING),
        (ScanState.PAUSED, _PAUSED),
    )
    for function, pattern in patterns.items()
)
_STARTED = re.compile(r"^(?:error )?scrub started on (.+)$", re.MULTILINE)
# a comma may be a decimal one: the number is all up to the space
_DONE = re.compile(r"(?:^| )([^ \n]{1,40})% done", re.MULTILINE)
_TO_GO = re.compile(r", ([0-9][0-9a-z: ]{0,30}) to go")
_PROCESSED = re.compile(
    r"^([0-9][^ ]{0,9}) (?:resilvered|repaired|copied out of|/ [^ ]{1,10} copied)",
    re.MULTILINE,
)
_WAITS = "paused for resilver"


def read_scan(lines: list[str]) -> Scan | None:
    """Read what stands behind "scan:", "scrub:", "remove:" or "expand:"."""
    head, *rest = (" ".join(line[:_LONGEST].split()) for line in lines)
    for function, state, pattern in _HEADS:
        if match := pattern.fullmatch(head):
            said = match.groupdict()
            found = _function(function, said)
            if state in (ScanState.RUNNING, ScanState.PAUSED):
                return _under_way(found, state, said, rest)
            return _ended(found, state, said)
    return None


def _function(function: ScanFunction | None, said: _Said) -> ScanFunction:
    function = function or _WHAT[said["what"] or ""]
    if function is ScanFunction.RESILVER and said["vdev"]:
        # only a rebuild, the sequential way to resilver, names a vdev
        return ScanFunction.REBUILD
    return function


def _ended(function: ScanFunction, state: ScanState, said: _Said) -> Scan:
    ended = moment(said["ended"])
    took = said.get("took") or ""
    # what took "0h12m" began somewhere in a minute; a rebuild may have had pauses
    exact = ":" in took and function is not ScanFunction.REBUILD
    return Scan(
        function=function,
        state=state,
        vdev=said.get("vdev"),
        started=earlier(ended, duration(took)) if exact else None,
        ended=ended,
        processed=count(said.get("size")),
        errors=count(said.get("errors")),
    )


def _under_way(
    function: ScanFunction, state: ScanState, said: _Said, lines: list[str]
) -> Scan:
    text = "\n".join(lines)
    began = _STARTED.search(text)
    done = _DONE.search(text)
    share = decimal(done[1]) if done else None
    to_go = _TO_GO.search(text)
    processed = _PROCESSED.search(text)
    waits = function is ScanFunction.EXPAND and _WAITS in text
    return Scan(
        function=function,
        state=ScanState.PAUSED if waits else state,
        vdev=said.get("vdev"),
        percent=None if share is None else min(share, 100.0),
        remaining=duration(to_go[1]) if to_go else None,
        started=moment(began[1] if began else said.get("started")),
        processed=count(processed[1]) if processed else None,
    )
