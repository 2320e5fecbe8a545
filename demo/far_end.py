"""What the demo asks of everything that its Home Assistant is connected to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from _steps import step


class FarEnd(Protocol):
    """One machine of the lab, and how it is made known to Home Assistant."""

    title: str
    kind: str

    @property
    def reality(self) -> Literal["real", "simulated"]:
        """Say whether the real thing answers; what needs root is simulated without."""

    @property
    def answers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return what to enter at which step of the config flow, in its order."""

    def start(self, folder: Path) -> None:
        """Become reachable; the folder is its own and stays from run to run."""

    def stop(self) -> None:
        """End everything that was started, also after a start that failed."""


@contextmanager
def reachable(far_ends: Sequence[FarEnd], folder: Path) -> Iterator[None]:
    """Start the far ends in their order, and stop them in reverse."""
    with ExitStack() as running:
        for far_end in far_ends:
            with step(f"Starting {far_end.title} ({far_end.reality})"):
                own = folder / far_end.title
                own.mkdir(parents=True, exist_ok=True)
                running.callback(far_end.stop)
                far_end.start(own)
        yield
