"""How the process of a container begins and ends, in the real engine's order."""

import asyncio

from demo.engine.container import Container, Health, State, signal_number
from demo.engine.moment import SECOND
from demo.engine.population import Population

GRACE = 10
KILL = 9
KILLED = 137
LONGEST_PAUSE = 60


class Processes(Population):
    """A population whose containers run."""

    # how long a policy waits before it first starts a container again, in seconds
    restart_pause = 0.1
    # how often somebody looks whether what is stopped has ended
    look = 0.005

    def forget_timers(self) -> None:
        """Start nothing again by itself any more."""
        for timer in self.planned.values():
            timer.cancel()
        self.planned.clear()

    def begin(self, container: Container) -> None:
        """Let the process of a container begin."""
        if self.machine.is_podman:
            self.tell_of(container, "init")
        self.tell_network(container, "connect")
        container.state = State.RUNNING
        container.pid = 1_000 + self._made
        container.started = self.now()
        container.exit_code, container.error = 0, ""
        container.oom_killed = False
        container.usage.begin(self.seconds)
        if container.health:
            container.health, container.failing_streak = Health.STARTING, 0
        self.tell_of(container, "start")

    def end(self, container: Container, code: int, *, stopped: bool = False) -> None:
        """Let it end; its policy may start it again."""
        container.usage.halt(self.seconds)
        container.pid = 0
        container.exit_code = code
        container.finished = self.now()
        if container.health:
            # as a real one: its checks end, and nobody is told
            container.health = Health.UNHEALTHY
        again = container.restarts_after(code)
        container.state = State.RESTARTING if again else State.EXITED
        self._tell_end(container, code, stopped=stopped)
        container.log.ring()
        if again:
            container.restart_count += 1
            self._schedule(container)
        elif container.auto_remove:
            self.destroy(container, volumes=True)

    def _tell_end(self, container: Container, code: int, *, stopped: bool) -> None:
        """Tell of an end; what was stopped may say so first, as recent engines do."""
        attributes = {"exitCode": str(code)}
        if self.machine.is_recent:
            lasted = (container.finished or 0) - (container.started or 0)
            attributes["execDuration"] = str(lasted // SECOND)
            self.tell_network(container, "disconnect")
            if stopped:
                self.tell_of(container, "stop")
        self.tell_of(container, "die", **attributes)
        if not self.machine.is_recent:
            self.tell_network(container, "disconnect")
            if stopped:
                self.tell_of(container, "stop")
        if self.machine.is_podman:
            self.tell_of(container, "cleanup")

    async def bring_down(
        self, container: Container, grace: float | None = None, signal: str = ""
    ) -> None:
        """Tell it to end, and kill it when it does not in time."""
        number = signal_number(signal) if signal else container.ending
        self.tell_kill(container, number)
        self.thaw(container)
        if grace is None:
            limit = container.stop_timeout
            grace = GRACE if limit is None else limit
        begun, loop = container.started, asyncio.get_running_loop()
        lingers = 0 if number == KILL else container.lingers
        told = loop.time()
        while loop.time() < told + lingers and container.is_up:
            if 0 <= grace <= loop.time() - told:
                self.tell_kill(container, KILL)
                number = KILL
                break
            await asyncio.sleep(self.look)
        if container.is_up and container.started == begun:
            code = KILLED if number == KILL else container.exit_on_stop
            self.end(container, code, stopped=True)
        else:
            self.tell_of(container, "stop")

    def tell_kill(self, container: Container, number: int) -> None:
        """Tell of a signal that ends a container; Podman tells only what was wished."""
        if not self.machine.is_podman:
            self.tell_of(container, "kill", signal=str(number))

    def thaw(self, container: Container) -> None:
        """Let what is paused go on."""
        if container.state is State.PAUSED:
            container.state = State.RUNNING
            container.usage.resume(self.seconds)
            self.tell_of(container, "unpause")

    def _schedule(self, container: Container) -> None:
        pause = min(
            self.restart_pause * 2 ** (container.restart_count - 1), LONGEST_PAUSE
        )
        loop = asyncio.get_running_loop()
        self.planned[container.id] = loop.call_later(pause, self.begin, container)

    def cancel(self, container: Container) -> None:
        """Give up starting it again."""
        if timer := self.planned.pop(container.id, None):
            timer.cancel()

    def stay_down(self, container: Container) -> None:
        """Leave down what waits to be started again."""
        self.cancel(container)
        container.by_hand = True
        container.state = State.EXITED

    def destroy(self, container: Container, *, volumes: bool) -> None:
        """Let a container be no more."""
        del self.containers[container.id]
        self.tell_of(container, "destroy")
        if volumes:
            for name in container.volumes:
                if self.volumes[name].is_anonymous:
                    del self.volumes[name]
