"""How it goes with a project's containers, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from ...source import SourceError
from .models import Container


class Step(StrEnum):
    """What is done to one after the other."""

    STOPPED = "stopped"
    STARTED = "started"


class Course:
    """What was stopped and started, what failed, and what was left as it was."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        self._step = Step.STOPPED
        self._done: dict[Step, list[str]] = {}
        self._left: list[str] = []
        self._errors: list[tuple[str, SourceError]] = []
        # ids of what does not run, as far as anybody knows
        self._stopped: set[str] = set()
        # services without which others need not be started
        self._missing: set[str | None] = set()

    def begin(self, step: Step) -> None:
        """Do this from now on."""
        self._step = step
        self._done[step] = []

    def blocks(self, container: Container) -> bool:
        """Whether it is left alone for what failed before it; it is noted then."""
        if self._step is Step.STOPPED:
            blocked = bool(self._errors)
        else:
            needed = container.depends_on - {container.service}
            blocked = not needed.isdisjoint(self._missing)
            if blocked:
                self._missing.add(container.service)
        if blocked:
            self._left.append(container.title)
        return blocked

    @contextmanager
    def taking(self, container: Container) -> Iterator[None]:
        """Note how it went with one, and go on."""
        try:
            yield
        except SourceError as error:
            self._errors.append((container.title, error))
            if self._step is Step.STARTED:
                self._missing.add(container.service)
            elif error.sent:
                # nobody knows: starting what runs does no harm
                self._stopped.add(container.id)
            return
        self._done[self._step].append(container.title)
        if self._step is Step.STOPPED:
            self._stopped.add(container.id)

    def has_stopped(self, container: Container) -> bool:
        """Whether it was stopped, or may have been."""
        return container.id in self._stopped

    def result(self) -> str:
        """Say what was done; with the first failure's kind if anything has failed."""
        done = [
            f"{step} {', '.join(titles) or 'nothing'}"
            for step, titles in self._done.items()
        ]
        if self._left:
            done.append(f"left {', '.join(self._left)}")
        failed = [f"{title}: {error}" for title, error in self._errors]
        text = "; ".join((*failed, *done))
        for _, error in self._errors:
            sent = any(each.sent for _, each in self._errors)
            raise type(error)(text, reason=error.reason, sent=sent)
        return text
