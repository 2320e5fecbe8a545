"""What changes something at a far end, and when it may."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

_acting: ContextVar[bool] = ContextVar("acting", default=False)


@contextmanager
def acting() -> Iterator[None]:
    """Allow what changes something, for as long as operations.py performs it."""
    token = _acting.set(True)
    try:
        yield
    finally:
        _acting.reset(token)


def mutating[**P, T](method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Mark a client's method that changes something: only an operation may call it."""

    @wraps(method)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _acting.get():
            raise RuntimeError(f"{method.__name__} was called outside of an operation")
        return await method(*args, **kwargs)

    guarded.is_mutating = True  # type: ignore[attr-defined]
    return guarded
