"""Counters to rates: pure arithmetic, so it is tested here with the other plain files."""

from hypothesis import given, strategies as st

from custom_components.homelab.rates import Rates


def test_nothing_until_two_samples_are_known() -> None:
    rates = Rates()
    assert rates.add("eth0", 1000, at=10) is None
    assert rates.add("eth0", 3000, at=12) == 1000


def test_nothing_across_a_reset() -> None:
    rates = Rates()
    rates.add("eth0", 1000, at=10)
    assert rates.add("eth0", 10, at=12) is None
    assert rates.add("eth0", 30, at=14) == 10


def test_nothing_across_a_gap() -> None:
    rates = Rates()
    rates.add("eth0", 1000, at=10)
    assert rates.add("eth0", None, at=12) is None
    assert rates.add("eth0", 3000, at=14) is None


def test_nothing_when_the_clock_stands_or_runs_back() -> None:
    rates = Rates()
    rates.add("eth0", 1000, at=10)
    assert rates.add("eth0", 2000, at=10) is None
    assert rates.add("eth0", 3000, at=9) is None


def test_counters_are_apart() -> None:
    rates = Rates()
    rates.add(("a", "in"), 0, at=0)
    assert rates.add(("a", "out"), 5, at=1) is None
    assert rates.add(("a", "in"), 5, at=1) == 5


@given(
    st.lists(
        st.tuples(st.none() | st.integers(0, 2**64), st.floats(0, 1e9, allow_nan=False))
    )
)
def test_never_negative(samples: list[tuple[int | None, float]]) -> None:
    rates = Rates()
    for value, at in samples:
        rate = rates.add("x", value, at=at)
        assert rate is None or rate >= 0
