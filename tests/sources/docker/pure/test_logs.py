"""Log lines out of bytes: what a real engine sent, in whatever pieces it comes."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
import re
from time import perf_counter

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.docker.logs import (
    FRAME_LIMIT,
    LINE_LIMIT,
    LogLine,
    LogReader,
    Stream,
)

CASES = Path(__file__).parents[1] / "cases" / "logs"
OUT, ERR = Stream.STDOUT, Stream.STDERR


def read(
    raw: bytes, *cuts: int, tty: bool = False, timestamps: bool = False
) -> list[LogLine]:
    """Read bytes in pieces that end where they are cut."""
    reader = LogReader(tty=tty, timestamps=timestamps)
    lines: list[LogLine] = []
    for begin, end in pairwise([0, *sorted(cuts), len(raw)]):
        lines += reader.feed(raw[begin:end])
    return lines + reader.end()


def texts(raw: bytes) -> list[str]:
    return [line.text for line in read(raw, tty=True)]


def frame(stream: int, payload: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4) + payload


PRINTED = [
    *((OUT, "out one"), (ERR, "err one"), (ERR, "err two"), (OUT, "half other")),
    (OUT, "\x1b[31mred\x1b[0m plain"),
    (OUT, "x" * LINE_LIMIT),
    *((OUT, "bad \ufffd\ufffd utf8 é"), (OUT, "100%"), (OUT, "")),
    (OUT, "no newline at the end"),
]
# a terminal has one stream, in which the half line and another became one
ON_A_TERMINAL = [
    *((OUT, "out one"), (OUT, "err one"), (OUT, "half err two"), (OUT, "other")),
    *PRINTED[4:],
]


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("tty", [True, False])
def test_what_a_real_engine_sent(tty: bool, stamped: bool) -> None:
    name = f"{'terminal' if tty else 'frames'}{'-stamped' if stamped else ''}.bin"
    lines = read((CASES / name).read_bytes(), tty=tty, timestamps=stamped)
    expected = ON_A_TERMINAL if tty else PRINTED
    assert [(line.stream, line.text) for line in lines] == expected
    assert [line.truncated for line in lines] == [n == 5 for n in range(10)]
    if stamped:
        times = [line.at for line in lines]
        assert all(times) and times == sorted(times, key=lambda at: at or 0)
    else:
        assert {line.at for line in lines} == {None}


def test_times_are_parted_from_the_text() -> None:
    lines = read((CASES / "frames-stamped.bin").read_bytes(), timestamps=True)
    assert lines[0].at == datetime(2026, 11, 20, 7, 33, 36, 168682, UTC)


@pytest.mark.parametrize("name", ["frames", "terminal"])
def test_every_single_cut_gives_the_same_lines(name: str) -> None:
    raw = (CASES / f"{name}-stamped.bin").read_bytes()
    # the long row of equal bytes needs no cut at each of them
    raw = re.sub(rb"x{100,}", b"xx", raw)
    tty = name == "terminal"
    if not tty:
        raw = raw[: raw.index(b"\x01\x00\x00\x00\x00\x00@")]
    whole = read(raw, tty=tty, timestamps=True)
    assert len(whole) >= 5
    for cut in range(len(raw)):
        assert read(raw, cut, tty=tty, timestamps=True) == whole


def test_a_line_spans_frames_and_streams_are_apart() -> None:
    raw = frame(1, b"one ") + frame(2, b"err\nor") + frame(1, b"two\n") + frame(2, b"!")
    assert [(line.stream, line.text) for line in read(raw)] == [
        *((ERR, "err"), (OUT, "one two"), (ERR, "or!"))
    ]


def test_what_goes_in_is_standard_output() -> None:
    assert read(frame(0, b"typed\n"))[0].stream is OUT


def test_each_piece_of_a_line_has_a_time_of_its_own() -> None:
    first, second = b"2026-01-01T00:00:00.5Z ", b"2026-01-01T00:00:01.000000000+00:00 "
    raw = frame(1, first + b"one ") + frame(2, b"") + frame(1, second + b"two\n")
    (line,) = read(raw, timestamps=True)
    assert line.text == "one two"
    assert line.at == datetime(2026, 1, 1, 0, 0, 0, 500000, UTC)


@pytest.mark.parametrize(
    "head",
    [
        b"no time at all",
        b"2026-01-01T00:00:00.5Zno-space",
        b"2026-13-01T00:00:00.5Z thirteenth month",
        b"2026-01-01T00:00:00",
        b"2026-01-01 00:00:00Z local",
        b"x" * 50,
        b"",
    ],
)
@pytest.mark.parametrize("tty", [True, False])
def test_what_is_no_time_is_text(head: bytes, tty: bool) -> None:
    raw = head + b"\n"
    lines = read(raw if tty else frame(1, raw), tty=tty, timestamps=True)
    assert [(line.at, line.text) for line in lines] == [(None, head.decode())]


def test_a_time_and_nothing_else() -> None:
    raw = b"2026-01-01T00:00:00.5Z \n2026-01-01T00:00:00.5Z "
    assert [line.text for line in read(raw, tty=True, timestamps=True)] == ["", ""]


def test_what_follows_within_a_frame_has_no_time() -> None:
    raw = frame(1, b"2026-01-01T00:00:00Z one\n2026-01-01T00:00:00Z two\n")
    one, two = read(raw, timestamps=True)
    assert one.at and (two.at, two.text) == (None, "2026-01-01T00:00:00Z two")


@pytest.mark.parametrize(("more", "cut"), [(0, False), (1, True), (10_000_000, True)])
@pytest.mark.parametrize("tty", [True, False])
def test_a_long_line_is_cut(more: int, cut: bool, tty: bool) -> None:
    raw = b"y" * (LINE_LIMIT + more) + b"\nnext\n"
    line, after = read(raw if tty else frame(1, raw), tty=tty)
    assert (len(line.text), line.truncated) == (LINE_LIMIT, cut)
    assert after == LogLine(at=None, stream=OUT, text="next")


def test_a_line_that_never_ends_takes_no_memory() -> None:
    reader = LogReader(tty=False, timestamps=False)
    piece = frame(1, b"z" * 100_000)
    for _ in range(100):
        assert reader.feed(piece) == []
    held = sum(len(each.raw) for each in reader._partials.values())
    assert held <= 2 * LINE_LIMIT
    (line,) = reader.end()
    assert line.truncated


def test_a_character_is_not_cut_in_two() -> None:
    (line,) = read(b"a" * (LINE_LIMIT - 1) + "é".encode(), tty=True)
    assert line.text == "a" * (LINE_LIMIT - 1)
    assert line.truncated


def test_replaced_bytes_do_not_make_a_line_longer() -> None:
    (line,) = read(b"\xff" * LINE_LIMIT, tty=True)
    assert len(line.text.encode()) <= LINE_LIMIT
    assert line.truncated and set(line.text) == {"\ufffd"}


def test_a_code_is_not_cut_in_two() -> None:
    (line,) = read(b"a" * (LINE_LIMIT - 3) + b"\x1b[31mred", tty=True)
    assert line.text == "a" * (LINE_LIMIT - 3)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[1;38;5;200mx\x1b[0m", "\x1b[1;38;5;200mx\x1b[0m"),
        (b"\x1b[mx\x1b[38:2::1:2:3my", "\x1b[mx\x1b[38:2::1:2:3my"),
        (b"\x1b[2J\x1b[1;1Hx\x1b[K", "x"),
        (b"\x1b[?25lx\x1b[?25h\x1b[>4;2m", "x"),
        (b"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "xlink"),
        (b"\x1bPdevice\x1b\\x\x1b_app\x1b\\\x1b^private\x07\x1bXstart\x07", "x"),
        (b"\x1b(Bx\x1b7\x1b8\x1bc", "x"),
        # nothing ends it: what it was to hide is shown
        (b"\x1b]0;no end, rm -rf", "0;no end, rm -rf"),
        (b"\x1b\x1b[31mx", "\x1b[31mx"),
        (b"x\x1b", "x"),
        (b"x\x1b[", "x"),
        ("\x9b31mx\x9d\x85".encode(), "x"),
        (b"a\tb\x00c\x07d\x7fe\x08f\x0bg", "a\tbcdefg"),
        (b"old\rnew", "new"),
        (b"old\rnew\r", "new"),
        (b"crlf\r", "crlf"),
        (b"\r\r", ""),
        (b"\x1b\x00[31mx", "[31mx"),
    ],
)
def test_what_a_terminal_would_show(raw: bytes, text: str) -> None:
    assert texts(raw + b"\n") == [text]


@pytest.mark.parametrize(
    "header",
    [
        b"\x04\x00\x00\x00\x00\x00\x00\x01",
        b"Hello wo",
        b"\x01\x00\x00\x01\x00\x00\x00\x01",
        b"\x01\x00\x00\x00" + (FRAME_LIMIT + 1).to_bytes(4),
        b"\x02\x00\x00\x00\xff\xff\xff\xff",
    ],
)
def test_what_is_no_header_ends_it(header: bytes) -> None:
    reader = LogReader(tty=False, timestamps=True)
    for byte in header[:-1]:
        assert reader.feed(bytes([byte])) == []
    with pytest.raises(BadAnswer, match="not a log frame"):
        reader.feed(header[-1:])
    with pytest.raises(BadAnswer):
        reader.feed(frame(1, b"x\n"))
    with pytest.raises(BadAnswer):
        reader.end()


def test_the_lines_before_a_fault_are_kept() -> None:
    reader = LogReader(tty=False, timestamps=False)
    lines = reader.feed(frame(1, b"one\n") + b"\x09nonsense" + frame(1, b"two\n"))
    assert [line.text for line in lines] == ["one"]
    with pytest.raises(BadAnswer):
        reader.end()


def test_the_engines_own_error_is_told() -> None:
    reader = LogReader(tty=False, timestamps=False)
    raw = frame(3, b"Error grabbing logs: \x1b[2Jinvalid character" + b"!" * 5000)
    assert reader.feed(raw[:-1]) == []
    with pytest.raises(BadAnswer, match="Error grabbing logs: invalid") as raised:
        reader.feed(raw[-1:])
    assert len(str(raised.value)) <= 1024


# whatever comes

BYTES = st.binary(max_size=60)
PIECES = st.lists(
    st.one_of(
        BYTES,
        st.sampled_from(
            [
                *(
                    b"\n",
                    b"\r",
                    b"\x1b[",
                    b"31m",
                    b"\x1b]0;",
                    b"\x07",
                    b"\xc3",
                    b"\xa9",
                ),
                *(b"2026-01-01T00:00:00.5Z ", b"2026-01-01T", b"00:00:00Z ", b" "),
            ]
        ),
    ),
    max_size=12,
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Make frames of anything, and sometimes what is no frame."""
    frames = [
        frame(draw(st.sampled_from([0, 1, 2])), b"".join(draw(PIECES)))
        for _ in range(draw(st.integers(0, 6)))
    ]
    return b"".join(
        [*frames, draw(st.sampled_from([b"", b"\x01\x00", b"\x07odd.odd"]))]
    )


def all_of(raw: bytes, cuts: list[int], tty: bool, stamped: bool) -> list[object]:
    """Read in pieces; where it ends in a fault, that is the last."""
    reader = LogReader(tty=tty, timestamps=stamped)
    found: list[object] = []
    try:
        for begin, end in pairwise([0, *sorted(cuts), len(raw)]):
            found += reader.feed(raw[begin:end])
        found += reader.end()
    except BadAnswer as error:
        found.append(str(error))
    return found


@settings(max_examples=400, deadline=None)
@given(
    raw=streams() | PIECES.map(b"".join),
    tty=st.booleans(),
    stamped=st.booleans(),
    data=st.data(),
)
def test_any_cuts_give_the_same_lines(
    raw: bytes, tty: bool, stamped: bool, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=10))
    assert all_of(raw, cuts, tty, stamped) == all_of(raw, [], tty, stamped)
    assert all_of(raw, [*range(len(raw))], tty, stamped) == all_of(
        raw, [], tty, stamped
    )


@settings(max_examples=400, deadline=None)
@given(PIECES.map(b"".join), st.booleans())
@example(b"\x1b\x1b[[31m", True)
def test_nothing_but_text_and_colours_is_left(raw: bytes, stamped: bool) -> None:
    for line in read(raw, tty=True, timestamps=stamped):
        plain = re.sub(r"\x1b\[[0-9;:]*m", "", line.text)
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", plain)
        assert len(line.text.encode()) <= LINE_LIMIT


@pytest.mark.parametrize(
    "unit", [b"\x1b]", b"\x1b[1;", b"\x1b[ ", b"\xff", b"a\r", b"\n", b"\x1b", b"ab "]
)
@pytest.mark.parametrize("tty", [True, False])
def test_time_grows_with_the_length_alone(unit: bytes, tty: bool) -> None:
    def took(length: int) -> float:
        raw = unit * (length // len(unit))
        begun = perf_counter()
        read(raw if tty else frame(1, raw), tty=tty, timestamps=True)
        return perf_counter() - begun

    took(1000)
    short, long = (min(took(length) for _ in range(3)) for length in (10_000, 100_000))
    # ten times the length: a square would take a hundred times as long
    assert long < max(short, 0.002) * 40
