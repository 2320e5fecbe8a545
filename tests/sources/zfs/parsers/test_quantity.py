"""Numbers and times as the tools print them."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from .tool import nice, taken, when
from custom_components.homelab.sources.zfs.output.quantity import (
    count,
    decimal,
    duration,
    earlier,
    guid,
    moment,
    percent,
    progress,
    ratio,
    rounded,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        ("401", 401),
        ("0B", 0),
        ("512B", 512),
        ("1K", 1024),
        ("1.2K", 1229),
        ("36.5M", 38273024),
        ("1.50T", 3 * 2**39),
        ("7.99E", round(7.99 * 2**60)),
        ("8E", None),
        ("16.0E", None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        ("18446744073709551615", None),
        ("999999999999999999999999", None),
        (-1, None),
        ("-1", None),
        ("-", None),
        ("", None),
        ("nan", None),
        ("1.5", None),
        ("1,5K", None),
        ("1e3", None),
        ("١٢", None),
        (" 7", None),
        (1.0, None),
        (True, None),
        (10**4000, None),
    ],
)
def test_numbers_of_things(value: object, number: int | None) -> None:
    assert count(value) == number


@given(st.integers(0, 2**63 - 1))
def test_numbers_are_rounded_as_the_tool_prints_them(number: int) -> None:
    assert rounded(number) == count(nice(number))
    assert count(nice(number, "")) == count(nice(number))


def test_what_is_not_known_is_not_rounded() -> None:
    assert rounded(None) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64 - 1, "18446744073709551615"),
        ("1", "1"),
        (0, None),
        ("0", None),
        ("01", None),
        (2**64, None),
        ("18446744073709551616", None),
        ("1 ", None),
        (None, None),
        (True, None),
    ],
)
def test_identities(value: object, text: str | None) -> None:
    assert guid(value) == text


def test_shares_and_ratios() -> None:
    assert [percent(v) for v in ("7", "7%", 7, "100%", "101", "-")] == [
        7,
        7,
        7,
        100,
        None,
        None,
    ]
    assert [ratio(v) for v in ("1.00", "1.52x", "0", "0.00", "x")] == [
        1,
        1.52,
        None,
        None,
        None,
    ]
    assert [decimal(v) for v in ("33.44", "33,44", "nan", "0.00")] == [
        33.44,
        None,
        None,
        0,
    ]


def test_progress() -> None:
    assert progress(1, 3) == 33.33
    assert progress(0, 3) == 0
    assert progress(4, 3) == 100
    assert progress(None, 3) is progress(1, None) is progress(1, 0) is None
    assert progress(1, -5) is None


@given(st.integers(1, 253402300799))
def test_times(seconds: int) -> None:
    wanted = datetime.fromtimestamp(seconds, UTC)
    assert moment(seconds) == moment(str(seconds)) == wanted
    if wanted.year >= 1000:
        assert moment(when(seconds)) == wanted
        assert moment(when(seconds)[:19] + " UTC" + when(seconds)[19:]) == wanted


@pytest.mark.parametrize(
    "value",
    [
        0,
        "0",
        "-",
        "",
        -5,
        253402300800,
        2**63 - 1,
        "Fri Nov 20 03:11:04 CET 2026",
        "vie nov 20 03:11:04 2026",
        "Fri Nov 31 03:11:04 2026",
        "Fri Nov 20 25:11:04 2026",
        "Fri Nov 20 03:11:04 0000",
        "Fri Foo 20 03:11:04 2026",
        "2026-11-20",
        None,
        [],
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert moment(value) is None


@given(st.integers(0, 10**9))
def test_durations(seconds: int) -> None:
    assert duration(taken(seconds)) == seconds


def test_durations_of_old_tools() -> None:
    assert duration("3h12m") == 11520
    assert duration("0 days 01:02:03") == 3723
    assert duration("soon") is duration("1:2:3") is None


def test_what_began_before_there_was_time() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert earlier(now, 60) == datetime(2026, 11, 19, 23, 59, tzinfo=UTC)
    assert earlier(now, 10**12) is earlier(None, 5) is earlier(now, None) is None
