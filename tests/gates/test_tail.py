"""The last of what comes, and no more of it than may be held."""

from custom_components.homelab.tail import Tail


def test_the_oldest_lines_go() -> None:
    tail = Tail[str](lines=2, size=100)
    for word in ("a", "b", "c", "d"):
        tail.add(word, 1)
    assert tail.take() == (["c", "d"], 2)


def test_the_oldest_bytes_go() -> None:
    tail = Tail[str](lines=100, size=10)
    for word, size in (("a", 4), ("b", 6), ("c", 1), ("d", 9)):
        tail.add(word, size)
    assert tail.take() == (["c", "d"], 2)


def test_one_that_is_too_large_goes_as_well() -> None:
    tail = Tail[str](lines=100, size=10)
    tail.add("a", 1)
    tail.add("b", 11)
    assert tail.take() == ([], 2)


def test_what_was_taken_is_forgotten() -> None:
    tail = Tail[str](lines=1, size=10)
    tail.add("a", 10)
    tail.add("b", 10)
    assert tail.take() == (["b"], 1)
    assert tail.take() == ([], 0)
    tail.add("c", 10)
    assert tail.take() == (["c"], 0)
