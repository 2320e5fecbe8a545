"""Turns of requests that no person made."""

from freezegun import freeze_time

from custom_components.homelab.turns import LONGEST_QUEUE, Turns


@freeze_time("2026-11-20")
def test_so_many_a_minute_and_the_rest_in_order() -> None:
    claims = Turns()
    assert [claims.claim(2) for _ in range(2)] == [0, 0]
    waits = [claims.claim(2) or 0 for _ in range(4)]
    assert [round(wait) for wait in waits] == [60, 60, 120, 120]
    assert waits == sorted(set(waits))


def test_a_minute_later_there_is_room_again() -> None:
    claims = Turns()
    with freeze_time("2026-11-20") as clock:
        assert claims.claim(1) == 0
        clock.tick(60)
        assert claims.claim(1) == 0


@freeze_time("2026-11-20")
def test_too_many_are_refused() -> None:
    claims = Turns()
    found = [claims.claim(1) for _ in range(LONGEST_QUEUE + 2)]
    assert found[0] == 0
    assert found[-1] is None
    assert None not in found[:-1]
