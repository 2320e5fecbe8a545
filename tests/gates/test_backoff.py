"""Pauses between attempts."""

from custom_components.homelab.backoff import LONGEST, pause


def test_pauses_grow_and_are_never_the_same() -> None:
    assert all(0.75 <= pause(1) <= 1.25 for _ in range(100))
    assert all(LONGEST * 0.75 <= pause(n) <= LONGEST * 1.25 for n in range(6, 1000))
    assert len({pause(5) for _ in range(100)}) > 90
