"""Error counters, known and unknown, and what makes a pool a matter for a person."""

from dataclasses import replace

import pytest

from custom_components.homelab.sources.zfs.facts import PoolFacts
from custom_components.homelab.sources.zfs.models import Errors, Kind, Pool, State, Vdev
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

DISK = Vdev(guid="1", name="sda", kind=Kind.DISK, group=None, state=State.ONLINE)
POOL = Pool(guid="9", name="t", state=State.ONLINE, data_errors=0, vdevs=(DISK,))
NONE = Errors(read=0, write=0, checksum=0)


@pytest.mark.parametrize(
    ("errors", "total", "has_any"),
    [
        (Errors(read=1, write=2, checksum=4), 7, True),
        (NONE, 0, False),
        (Errors(), None, False),
        (Errors(read=1, checksum=4), None, True),
        (Errors(read=0, checksum=0), None, False),
    ],
)
def test_a_part_of_a_sum_is_no_sum(
    errors: Errors, total: int | None, *, has_any: bool
) -> None:
    assert errors.total == total
    assert errors.has_any is has_any


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (POOL, False),
        (replace(POOL, errors=NONE), False),
        (replace(POOL, data_errors=None), False),
        (replace(POOL, data_errors=3), True),
        (replace(POOL, errors=Errors(checksum=1)), True),
        (replace(POOL, vdevs=(replace(DISK, errors=Errors(read=1)),)), True),
        (replace(POOL, vdevs=(replace(DISK, state=State.OFFLINE),)), True),
        (replace(POOL, vdevs=(replace(DISK, state=None),)), False),
    ],
)
def test_what_somebody_should_look_at(pool: Pool, *, expected: bool) -> None:
    assert PoolFacts(pool=pool, state=State.ONLINE).has_problem is expected
    assert PoolFacts(pool=pool, state=State.SUSPENDED).has_problem
    assert PoolFacts(pool=pool, state=None).has_problem is None
