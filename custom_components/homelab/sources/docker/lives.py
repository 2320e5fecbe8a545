"""All containers' lives, in the order in which the engine tells of them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf

from .happening import KILL, TERM, Cause, Happening, HappeningType, signal_number
from .life import HOLD, SETTLE, Asked, Death, Event, Life

_ENDING = {2, 3, KILL, TERM}
_HEALTH = {"healthy": HappeningType.HEALTHY, "unhealthy": HappeningType.UNHEALTHY}


class Lives:
    """The containers by their ids, and the deaths of which nothing was said yet."""

    def __init__(self) -> None:
        """Nothing lives yet."""
        # whether containers outlive their engine
        self.outlived = False
        self.by_id: dict[str, Life] = {}
        self._dying: dict[str, Life] = {}
        # those of the dying whom the engine may have ended, as it goes down
        self._suspicious: dict[str, Life] = {}
        self._last_death = -inf
        self._handlers: dict[str, Callable[[Life, Event], list[Happening]]] = {
            "start": self._start,
            "die": self._die,
            "kill": self._kill,
            "stop": self._stop,
            "restart": self._restart,
            "oom": self._oom,
            "destroy": self._destroy,
            "pause": partial(self._simple, what=HappeningType.PAUSED),
            "unpause": partial(self._simple, what=HappeningType.UNPAUSED),
            "health_status": self._check,
        }

    def life(self, id_: str) -> Life:
        """Return the life of a container, which may begin now."""
        return self.by_id.setdefault(id_, Life(id_))

    def running(self) -> list[Life]:
        """Return those that run."""
        return [life for life in self.by_id.values() if life.running]

    def take(self, event: Event) -> list[Happening]:
        """Take the next event, and say what it makes certain."""
        if event.name == "create":
            created = self.life(event.id)
            created.resource, created.owner = event.resource, event.owns
            return self.spare_engine(event.at)
        if (handler := self._handlers.get(event.name)) is None:
            return []
        life = self.life(event.id)
        life.resource = event.resource
        return handler(life, event)

    def engine_until(self) -> float:
        """Say until when it may be the engine that goes down; -inf where it is not."""
        if self.outlived:
            return -inf
        until = self._last_death
        for life in self.running():
            asked = life.asked
            if asked is None or not life.is_asked(max(self._last_death, asked.at)):
                # this one runs, and nobody means to end it
                return -inf
            until = max(until, asked.at + life.grace)
        return until + HOLD

    def dying(self) -> list[tuple[Life, Death]]:
        """Return the deaths of which nothing was said yet, in their order."""
        found = [(life, life.death) for life in self._dying.values() if life.death]
        return sorted(found, key=lambda each: each[1].at)

    def spare_engine(self, at: float) -> list[Happening]:
        """Know that the engine went on after a time; say what waited for that alone."""
        said: list[Happening] = []
        suspects = [] if self.outlived else [*self._suspicious.values()]
        for life in suspects:
            if (death := life.death) and death.at <= at:
                del self._suspicious[life.id]
                death.engine_lives = True
                if life.ripe_at(death, -inf) <= death.at:
                    said += self.end(life, death, *life.verdict(death))
        return said

    def blame_engine(self) -> list[Happening]:
        """Say that the engine has ended whom it could have ended."""
        said: list[Happening] = []
        for life, death in self.dying():
            if not (self.outlived or death.engine_lives):
                said += self.end(
                    life, death, HappeningType.ENGINE_STOPPED, Cause.ENGINE
                )
        return said

    def ripe(self, now: float) -> list[Happening]:
        """Say what nothing that may still come would change."""
        until = self.engine_until()
        said = []
        for life, death in self.dying():
            if life.ripe_at(death, until) <= now:
                said += self.end(life, death, *life.verdict(death))
        return said

    def next_ripe(self) -> float | None:
        """Say when there is something to say without any event."""
        until = self.engine_until()
        return min(
            (life.ripe_at(death, until) for life, death in self.dying()), default=None
        )

    def end(
        self,
        life: Life,
        death: Death,
        what: HappeningType,
        cause: Cause | None,
        at: float | None = None,
    ) -> list[Happening]:
        """Say of a death what it was."""
        life.death = None
        del self._dying[life.id]
        self._suspicious.pop(life.id, None)
        said = [life.tell(death, what, cause, at)]
        if death.removed:
            said += self._remove(life, *death.removed)
        return said

    def _die(self, life: Life, event: Event) -> list[Happening]:
        said = (
            self.end(life, life.death, *life.verdict(life.death)) if life.death else []
        )
        life.running, life.changed = False, event.at
        # a list that shows a death shows as well that nobody means to undo it
        life.again = None if event.seen else False
        self._last_death = event.at
        if not (event.owns or life.owner):
            return said
        life.death = death = Death(event.at, event.exit_code, event.seen)
        self._dying[life.id] = self._suspicious[life.id] = life
        if event.by_engine:
            return said + self.end(
                life, death, HappeningType.ENGINE_STOPPED, Cause.ENGINE
            )
        if life.ripe_at(death, inf) <= event.at:
            said += self.end(life, death, *life.verdict(death))
        return said

    def _start(self, life: Life, event: Event) -> list[Happening]:
        if life.running:
            return []
        again: list[Happening] = []
        if death := life.death:
            again = self._end_before_start(life, death, event.at)
        said = sorted(self.spare_engine(event.at) + again, key=lambda each: each.at)
        owner = event.owns or not any(
            other.running and other.resource == life.resource
            for other in self.by_id.values()
        )
        if owner and not (again and again[0].cause is Cause.POLICY):
            said.append(self._started(life, event))
        life.owner = owner
        life.begin(event.at, seen=event.seen)
        return said

    def _end_before_start(self, life: Life, death: Death, at: float) -> list[Happening]:
        what, cause = life.verdict(death)
        if what is not HappeningType.EXITED or not death.seen:
            return self.end(life, death, what, cause)
        what, cause = HappeningType.RESTARTED_BY_POLICY, Cause.POLICY
        return self.end(life, death, what, cause, at)

    def _started(self, life: Life, event: Event) -> Happening:
        cause = None
        if life.is_operated(event.at):
            cause = Cause.OPERATION
        elif life.ended is Cause.ENGINE:
            cause = Cause.ENGINE
        elif life.ended is Cause.OOM and life.again:
            cause = Cause.POLICY
        new = event.replaces and not life.began_before
        what = HappeningType.RECREATED if new else HappeningType.STARTED
        return Happening(type=what, resource=life.resource, at=event.at, cause=cause)

    def _kill(self, life: Life, event: Event) -> list[Happening]:
        word = event.attributes.get("signal")
        signal = None if word is None else signal_number(word)
        # Podman does not say which
        if word is None or signal in {life.stop_signal, *_ENDING}:
            life.asked = Asked(event.at, signal)
        return []

    def _stop(self, life: Life, event: Event) -> list[Happening]:
        if life.death and life.again:
            # it had died by itself; only its next start was called off
            return self.end(life, life.death, *life.verdict(life.death))
        if life.running or life.death:
            life.asked = Asked(event.at, life.asked.signal if life.asked else None)
        return []

    def _restart(self, life: Life, event: Event) -> list[Happening]:
        # Podman says it before it stops the container, Docker after it has started it
        if life.running and event.at - life.changed > SETTLE:
            life.asked = Asked(event.at, None)
        return []

    def _oom(self, life: Life, event: Event) -> list[Happening]:
        life.oom = event.at
        return []

    def _destroy(self, life: Life, event: Event) -> list[Happening]:
        said = []
        if life.running:
            said = self._die(life, replace(event, attributes={}, seen=False))
        if death := life.death:
            if life.auto_remove:
                # that it goes says nothing of why it died
                death.removed, life.again = (event.at, event.owns), False
                return said
            said += self.end(life, death, *life.verdict_on_removal(death))
        return said + self._remove(life, event.at, event.owns)

    def _remove(self, life: Life, at: float, owns: bool) -> list[Happening]:
        self.by_id.pop(life.id, None)
        others = (each.resource for each in self.by_id.values())
        if not owns or life.resource in others:
            return []
        cause = Cause.OPERATION if life.is_operated(at) else None
        what = HappeningType.REMOVED
        return [Happening(type=what, resource=life.resource, at=at, cause=cause)]

    def _check(self, life: Life, event: Event) -> list[Happening]:
        said = str(event.attributes.get("health_status") or "")
        before, life.health = life.health, said
        if said == before or said not in _HEALTH:
            return []
        return self._simple(life, event, _HEALTH[said])

    def _simple(self, life: Life, event: Event, what: HappeningType) -> list[Happening]:
        if not (event.owns or life.owner):
            return []
        cause = None
        if event.name != "health_status" and life.is_operated(event.at):
            cause, life.operating = Cause.OPERATION, -inf
        resource = life.resource
        return [Happening(type=what, resource=resource, at=event.at, cause=cause)]
