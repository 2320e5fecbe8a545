"""Lines of a stream, however its bytes were cut."""

import tracemalloc

from hypothesis import given, strategies as st

from custom_components.homelab.sources.zfs.output.lines import Lines


@given(st.lists(st.binary(max_size=12)))
def test_bytes_may_be_cut_anywhere(chunks: list[bytes]) -> None:
    lines = Lines()
    found = [line for chunk in chunks for line in lines.feed(chunk)]
    assert found == b"".join(chunks).split(b"\n")[:-1]
    assert lines.dropped == 0


@given(st.lists(st.binary(max_size=9)), st.integers(1, 9))
def test_what_is_too_long_is_left_out_and_counted(
    chunks: list[bytes], longest: int
) -> None:
    lines = Lines(longest)
    found = [line for chunk in chunks for line in lines.feed(chunk)]
    whole = b"".join(chunks).split(b"\n")[:-1]
    assert found == [line for line in whole if len(line) <= longest]
    assert lines.dropped == len(whole) - len(found)


def test_a_line_without_end_is_not_kept() -> None:
    lines = Lines()
    chunk = b"x" * 1000
    tracemalloc.start()
    for _ in range(5000):
        lines.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert lines.feed(b"\nshort\n") == [b"short"]
    assert lines.dropped == 1
