"""The stream of zpool iostat, in the captures and in all its peculiarities."""

import pytest

from .captures import capture, lines
from custom_components.homelab.sources.zfs.models import Sample, Work
from custom_components.homelab.sources.zfs.output.iostat import SampleReader

CLASSES = [
    "13250572018724542404",
    "6164552304403596461",
    "10525355252761017555",
    "1920503244269265108",
    "1780313604724610101",
    "15363575956878306373",
    "11217092310231624318",
    "8049665535191809726",
    "12508952240259585642",
    "3072938637399802793",
    "7707261258745708534",
]


def _read(raw: bytes) -> list[Sample]:
    """Read a whole stream, to its end."""
    reader = SampleReader()
    samples = [*_feed(reader, raw), reader.flush()]
    assert reader.dropped == 0
    return [sample for sample in samples if sample]


def _feed(reader: SampleReader, raw: bytes) -> list[Sample]:
    found = (reader.feed(line) for line in lines(raw))
    return [sample for sample in found if sample]


def _row(name: str, fields: int = 7) -> bytes:
    return "\t".join([name, *(str(n) for n in range(1, fields))]).encode() + b"\n"


def test_all_classes_with_latencies_and_queues() -> None:
    """The stream that we ask for: 32 fields, and two stamps at the start."""
    samples = _read(capture("all-classes", "iostat-Hpvyglq-Tu-1-5"))
    assert [sample.at for sample in samples] == [*range(1795145610, 1795145615)]
    assert [sample.first for sample in samples] == [True, False, False, False, False]
    for sample in samples:
        assert list(sample.pools) == ["full"]
        assert list(sample.vdevs) == CLASSES
        assert not sample.reshaped
    first = samples[0]
    assert first.pools["full"] == Work(
        read_operations=0,
        write_operations=505,
        read_rate=0,
        write_rate=26031227,
        read_latency=None,
        write_latency=1154833,
    )
    assert first.vdevs["6164552304403596461"] == Work(
        read_operations=0,
        write_operations=56,
        read_rate=0,
        write_rate=8116069,
        read_latency=None,
        write_latency=1520322,
    )


def test_without_latencies() -> None:
    samples = _read(capture("all-classes", "iostat-Hpvg-Tu-1-3"))
    assert [sample.at for sample in samples] == [1795145617, 1795145618, 1795145619]
    assert list(samples[0].vdevs) == CLASSES
    assert samples[0].pools["full"].read_latency is None


def test_an_exported_pool_never_comes_back() -> None:
    samples = _read(capture("import-export", "iostat-Hpvg-Tu-1"))
    assert [sample.at for sample in samples] == [*range(1795145621, 1795145628)]
    for sample in samples:
        assert list(sample.pools) == ["p2"]
        assert list(sample.vdevs) == ["18010774976381541888"]


@pytest.mark.parametrize(
    ("case", "name", "samples"),
    [
        ("mirror-busy", "iostat-Hpv-1-3", 3),
        ("mirror-busy", "iostat-Hpvl-1-2", 2),
        ("mirror-busy", "iostat-Hpvlq-1-2", 2),
        ("mirror-busy", "iostat-Hpvy-1-3", 3),
        ("mirror-busy", "iostat-T-u", 2),
        ("mirror-spare-inuse", "iostat-Hpvlq-1-2", 2),
        ("single-disk", "iostat-Hpvl-1-2", 2),
        ("all-classes", "iostat-Hpvlq-1-3", 3),
        ("none", "iostat-Hpv-1-3", 0),
    ],
)
def test_without_stamps_the_pool_that_comes_again_begins_a_sample(
    case: str, name: str, samples: int
) -> None:
    assert len(_read(capture(case, name))) == samples


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("all-classes", "iostat-w-1-1"),
        ("mirror-busy", "iostat-v-1-2"),
        ("single-disk", "iostat-v-1-2"),
    ],
)
def test_what_is_not_asked_for_is_dropped_and_counted(case: str, name: str) -> None:
    reader = SampleReader()
    assert _feed(reader, capture(case, name)) == []
    assert reader.flush() is None
    assert reader.dropped > 5


def test_a_sample_is_there_once_nothing_more_comes() -> None:
    reader = SampleReader()
    assert _feed(reader, b"100\n" + _row("tank") + _row("17")) == []
    sample = reader.flush()
    assert sample is not None
    assert (sample.at, list(sample.pools), list(sample.vdevs)) == (
        100,
        ["tank"],
        ["17"],
    )
    assert reader.flush() is None
    # the stamp that closes it comes an interval later
    assert reader.feed(b"110") is None
    assert _feed(reader, _row("tank") + b"120\n")[0].at == 110


def test_two_stamps_make_no_sample() -> None:
    reader = SampleReader()
    assert _feed(reader, b"100\n110\n120\n") == []
    assert _feed(reader, _row("tank") + b"130\n")[0].at == 120


@pytest.mark.parametrize(
    ("fields", "latency"),
    [(7, None), (17, 7), (18, 7), (19, None), (21, None), (29, 7), (32, 7)],
)
def test_columns_of_all_versions(fields: int, latency: int | None) -> None:
    (sample,) = _read(b"100\n" + _row("tank", fields))
    work = sample.pools["tank"]
    assert (work.read_operations, work.write_operations) == (3, 4)
    assert (work.read_rate, work.write_rate) == (5, 6)
    assert work.read_latency == latency
    assert work.write_latency == (latency and latency + 1)


@pytest.mark.parametrize("fields", [1, 2, 6, 8, 16, 20, 28, 30, 31, 33, 64])
def test_unknown_numbers_of_columns_are_dropped_and_counted(fields: int) -> None:
    reader = SampleReader()
    _feed(reader, b"100\n" + _row("tank", fields) + _row("pool") + b"110\n")
    assert reader.dropped == 1


def test_absurd_numbers_are_unknown() -> None:
    row = b"7\t18446744073709551615\t16.0E\t-\t-1\tnan\t9223372036854775808\n"
    (sample,) = _read(b"100\n" + row)
    assert sample.vdevs["7"] == Work(
        read_operations=None, write_operations=None, read_rate=None, write_rate=None
    )


def test_names_with_spaces_and_digits() -> None:
    (sample,) = _read(b"100\n" + _row("my pool 7") + _row("14807975228228307538"))
    assert list(sample.pools) == ["my pool 7"]
    assert list(sample.vdevs) == ["14807975228228307538"]


def test_other_rows_than_before_are_told() -> None:
    """Old and new children are paired by position: one sample is not to be trusted."""
    rows = _row("tank") + _row("1") + _row("2")
    raw = (
        b"1\n"
        + rows
        + b"2\n"
        + rows
        + _row("3")
        + b"3\n"
        + rows
        + _row("3")
        + b"4\n"
        + _row("tank")
        + _row("2")
        + _row("1")
        + _row("3")
        + b"5\n"
        + _row("tank")
        + _row("2")
        + _row("1")
        + _row("3")
    )
    assert [sample.reshaped for sample in _read(raw)] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_a_row_that_is_too_long_is_dropped_and_counted() -> None:
    reader = SampleReader()
    for line in (b"x" * 4097, b" " * 4097, _row("x" * 4096)[:-1]):
        assert reader.feed(line) is None
    # it is not the number of its fields that is wrong
    assert (reader.dropped, reader.trouble) == (3, None)
    fitting = _row("x" * (4096 - len(_row(""))) + "x")
    assert len(fitting) == 4097
    (sample,) = _feed(reader, b"100\n" + fitting + b"110\n")
    assert len(sample.pools) == 1
    assert reader.dropped == 3


def test_rows_without_end_are_bounded() -> None:
    reader = SampleReader()
    for number in range(1, 10_101):
        _feed(reader, _row(str(number)))
    sample = reader.flush()
    assert sample is not None
    assert len(sample.vdevs) == 10_000
    assert reader.dropped == 100
