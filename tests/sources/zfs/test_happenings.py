"""What is told of scans, when two looks at a host lie far apart."""

from datetime import UTC, datetime

import pytest

from custom_components.homelab.sources.zfs.facts import PoolFacts, ZfsHost
from custom_components.homelab.sources.zfs.happenings import happened
from custom_components.homelab.sources.zfs.models import (
    Pool,
    Scan,
    ScanFunction,
    ScanState,
    State,
)
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

SCRUB, ERROR_SCRUB = ScanFunction.SCRUB, ScanFunction.ERROR_SCRUB
RESILVER, REBUILD = ScanFunction.RESILVER, ScanFunction.REBUILD
RUNNING, PAUSED = ScanState.RUNNING, ScanState.PAUSED
FINISHED, CANCELED = ScanState.FINISHED, ScanState.CANCELED


def at(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)


def scan(
    function: ScanFunction,
    state: ScanState,
    started: int | None = None,
    ended: int | None = None,
    vdev: str | None = None,
) -> Scan:
    return Scan(
        function=function,
        state=state,
        started=at(started),
        ended=at(ended),
        vdev=vdev,
    )


def host(*scans: Scan) -> ZfsHost:
    pool = Pool(guid="9", name="t", state=State.ONLINE, scans=scans)
    return ZfsHost(
        name="nas",
        system="Linux",
        version=None,
        kernel_version=None,
        pools={"9": PoolFacts(pool=pool, state=State.ONLINE)},
    )


OLD = scan(SCRUB, FINISHED, 1, 4)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(
            [OLD, scan(ERROR_SCRUB, RUNNING, 7)],
            [OLD, scan(ERROR_SCRUB, FINISHED, 7, 9)],
            [("scrub_finished", ERROR_SCRUB, 9)],
            id="the scrub before an error scrub is no news",
        ),
        pytest.param(
            [OLD],
            [OLD, scan(ERROR_SCRUB, FINISHED, 7, 9)],
            [("scrub_started", ERROR_SCRUB, None), ("scrub_finished", ERROR_SCRUB, 9)],
            id="an error scrub between two looks",
        ),
        pytest.param(
            [scan(ERROR_SCRUB, FINISHED, 7, 9)],
            [OLD, scan(ERROR_SCRUB, FINISHED, 7, 9)],
            [],
            id="an old scrub that the text had hidden",
        ),
        pytest.param(
            [OLD],
            [scan(SCRUB, FINISHED, 6, 7)],
            [("scrub_started", SCRUB, None), ("scrub_finished", SCRUB, 7)],
            id="a scrub between two looks",
        ),
        pytest.param(
            [OLD],
            [scan(SCRUB, CANCELED, None, 7)],
            [("scrub_started", SCRUB, None), ("scrub_finished", SCRUB, 7)],
            id="one that was stopped between two looks",
        ),
        pytest.param(
            [scan(SCRUB, RUNNING, 6)],
            [scan(SCRUB, CANCELED, None, 7)],
            [("scrub_finished", SCRUB, 7)],
            id="one that was seen, and was stopped",
        ),
        pytest.param(
            [scan(SCRUB, RUNNING, 1)],
            [scan(SCRUB, FINISHED, 6, 7)],
            [("scrub_started", SCRUB, None), ("scrub_finished", SCRUB, 7)],
            id="another one than was seen",
        ),
        pytest.param(
            [scan(SCRUB, PAUSED)],
            [scan(SCRUB, FINISHED, 6, 7)],
            [("scrub_finished", SCRUB, 7)],
            id="one whose begin was not known",
        ),
        pytest.param(
            [],
            [scan(SCRUB, FINISHED, 6, 7)],
            [("scrub_started", SCRUB, None), ("scrub_finished", SCRUB, 7)],
            id="the first of a pool",
        ),
        pytest.param(
            [scan(SCRUB, RUNNING, 1)],
            [scan(RESILVER, RUNNING, 5)],
            [("scrub_finished", SCRUB, None), ("resilver_started", RESILVER, None)],
            id="a scrub that gave way to a resilver",
        ),
        pytest.param([scan(SCRUB, RUNNING, 1)], [], [], id="nothing is told of it"),
        pytest.param(
            [OLD],
            [scan(RESILVER, RUNNING, 5)],
            [("resilver_started", RESILVER, None)],
            id="a scrub that had ended before",
        ),
        pytest.param(
            [scan(REBUILD, RUNNING, 1, vdev="mirror-0")],
            [
                scan(REBUILD, FINISHED, None, 4, vdev="mirror-0"),
                scan(REBUILD, RUNNING, 3, vdev="mirror-1"),
            ],
            [("resilver_finished", REBUILD, 4), ("resilver_started", REBUILD, None)],
            id="each vdev that is rebuilt",
        ),
        pytest.param(
            [],
            [scan(ScanFunction.REMOVE, FINISHED, 1, 2)],
            [],
            id="a removal is none of these",
        ),
    ],
)
def test_scans(
    before: list[Scan],
    after: list[Scan],
    told: list[tuple[str, ScanFunction, int | None]],
) -> None:
    found = [*happened(host(*before), host(*after))]
    assert [
        (each.type, each.attributes["function"], each.attributes.get("ended"))
        for each in found
    ] == [(kind, function, _text(end)) for kind, function, end in told]


def _text(second: int | None) -> str | None:
    return None if second is None else datetime.fromtimestamp(second, UTC).isoformat()


def test_a_scrub_that_gave_way_was_canceled() -> None:
    before, after = scan(SCRUB, RUNNING, 1), scan(RESILVER, FINISHED, 5, 6)
    first, *others = happened(host(before), host(after))
    assert first.attributes["result"] == CANCELED
    assert [each.type for each in others] == ["resilver_started", "resilver_finished"]
