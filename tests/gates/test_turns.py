"""Turns of requests that no person made."""

from unittest.mock import patch

from custom_components.homelab import turns
from custom_components.homelab.turns import LONGEST_QUEUE, Turns


def test_so_many_a_minute_and_the_rest_in_order() -> None:
    claims = Turns()
    with patch.object(turns, "monotonic", return_value=1000.0):
        assert [claims.claim(2) for _ in range(2)] == [0, 0]
        waits = [claims.claim(2) for _ in range(4)]
    assert [round(wait or 0) for wait in waits] == [60, 60, 120, 120]
    assert waits == sorted(waits, key=lambda wait: wait or 0)
    assert len(set(waits)) == 4


def test_a_minute_later_there_is_room_again() -> None:
    claims = Turns()
    with patch.object(turns, "monotonic", return_value=1000.0):
        assert claims.claim(1) == 0
    with patch.object(turns, "monotonic", return_value=1060.0):
        assert claims.claim(1) == 0


def test_too_many_are_refused() -> None:
    claims = Turns()
    with patch.object(turns, "monotonic", return_value=1000.0):
        found = [claims.claim(1) for _ in range(LONGEST_QUEUE + 2)]
    assert found[0] == 0
    assert found[-1] is None
    assert None not in found[:-1]
