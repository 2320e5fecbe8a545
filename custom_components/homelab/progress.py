"""How far what runs has come."""

from .operation import Subject


class Progress:
    """The action that runs on each resource, and a percentage where one is known."""

    def __init__(self) -> None:
        """Nothing runs."""
        self._running: dict[Subject, tuple[str, float | None]] = {}

    def report(self, subject: Subject, action: str, percentage: float | None) -> None:
        """Note that an action runs, and how far it is."""
        self._running[subject] = (action, percentage)

    def end(self, subject: Subject) -> None:
        """Note that it has ended."""
        self._running.pop(subject, None)

    def running(self, subject: Subject) -> str | None:
        """Return the action that runs on a resource."""
        return self._running.get(subject, (None, None))[0]

    def of(self, subject: Subject, action: str) -> tuple[bool, float | None]:
        """Return whether an action runs on a resource, and how far it is."""
        running, percentage = self._running.get(subject, ("", None))
        return (running == action, percentage if running == action else None)
