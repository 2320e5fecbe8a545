"""What containers can be told, and what can happen to them."""

from typing import Any

from demo.engine.container import Container, Health, Refusal, State, signal_number
from demo.engine.processes import KILL, KILLED, Processes

# a process that handles its stop signal is taken to handle these as well
POLITE = {2, 3, 15}
CANNOT_START = 127
NOT_MODIFIED = 304


class Life(Processes):
    """A population whose containers can be told what to do."""

    def run(self, name: str, **traits: Any) -> Container:
        """Create a container and start it."""
        container = self.add(name, **traits)
        self.start(container.id)
        return container

    def start(self, reference: str) -> None:
        """Start a container."""
        container = self.find(reference)
        if container.state is State.PAUSED:
            raise Refusal(409, "cannot start a paused container, try unpause instead")
        if container.counts_as_running:
            raise Refusal(NOT_MODIFIED, "")
        if container.broken:
            self.tell_network(container, "connect")
            container.exit_code, container.error = CANNOT_START, container.broken
            self.tell_network(container, "disconnect")
            raise Refusal(400, container.broken)
        container.by_hand = False
        container.restart_count = 0
        self.begin(container)

    async def stop(
        self, reference: str, grace: float | None = None, signal: str = ""
    ) -> None:
        """Tell a container to end, and kill it when it does not in time."""
        container = self.find(reference)
        if not container.counts_as_running:
            raise Refusal(NOT_MODIFIED, "")
        if container.state is State.RESTARTING:
            self.stay_down(container)
            self.tell_of(container, "stop")
            return
        container.by_hand = True
        await self.bring_down(container, grace, signal)

    async def restart(
        self, reference: str, grace: float | None = None, signal: str = ""
    ) -> None:
        """Stop a container if it runs, and start it."""
        container = self.find(reference)
        if self.machine.is_podman:
            self.tell_of(container, "restart")
        if container.is_up:
            container.by_hand = True
            kept, container.auto_remove = container.auto_remove, False
            await self.bring_down(container, grace, signal)
            container.auto_remove = kept
        self.cancel(container)
        container.by_hand = False
        container.restart_count = 0
        self.begin(container)
        if not self.machine.is_podman:
            self.tell_of(container, "restart")

    def kill(self, reference: str, signal: str = "SIGKILL") -> None:
        """Send a container a signal."""
        number = signal_number(signal)
        try:
            container = self.find(reference)
        except Refusal as refusal:
            text = f"Cannot kill container: {reference}: {refusal.message}"
            raise Refusal(refusal.status, text) from None
        if not container.counts_as_running:
            text = f"Cannot kill container: {reference}: {self._is_not(container)}"
            raise Refusal(500 if self.machine.is_podman else 409, text)
        if container.state is State.RESTARTING:
            self.stay_down(container)
            return
        container.by_hand = True
        self.tell_of(container, "kill", signal=str(number))
        if number == KILL:
            self.end(container, KILLED)
            return
        self.thaw(container)
        if number in {container.ending, *POLITE} and container.lingers == 0:
            self.end(container, container.exit_on_stop)

    def pause(self, reference: str) -> None:
        """Freeze a container."""
        container = self.find(reference)
        if not container.is_up:
            raise self._improper(container, self._is_not(container))
        if container.state is State.PAUSED:
            raise self._improper(
                container, f"Container {container.id} is already paused"
            )
        container.state = State.PAUSED
        container.usage.halt(self.seconds)
        self.tell_of(container, "pause")

    def unpause(self, reference: str) -> None:
        """Let a container go on."""
        container = self.find(reference)
        if container.state is not State.PAUSED:
            raise Refusal(500, f"Container {container.id} is not paused")
        self.thaw(container)

    def die(self, reference: str, code: int = 1) -> None:
        """Let the process of a container end by itself."""
        container = self.find(reference)
        if not container.is_up:
            raise Refusal(409, self._is_not(container))
        self.end(container, code)

    def oom(self, reference: str) -> None:
        """Let a container run out of memory."""
        container = self.find(reference)
        container.oom_killed = True
        self.tell_of(container, "oom")
        self.die(container.id, KILLED)

    def set_health(self, reference: str, health: Health) -> None:
        """Check a container, with this result."""
        container = self.find(reference)
        run = self.draw("exec")
        code = int(health is Health.UNHEALTHY)
        check = "/bin/sh -c check"
        for action in ("create", "start"):
            self.tell_of(container, f"exec_{action}: {check}", execID=run)
        self.tell_of(container, "exec_die", execID=run, exitCode=str(code))
        container.failing_streak = container.failing_streak + 1 if code else 0
        if container.health is not health:
            container.health = health
            self.tell_of(container, f"health_status: {health}")

    def remove(
        self, reference: str, *, force: bool = False, volumes: bool = False
    ) -> None:
        """Remove a container, if need be with force."""
        container = self.find(reference)
        if container.counts_as_running and not force:
            how = "Unpause and then stop" if container.state is State.PAUSED else "Stop"
            raise Refusal(
                409,
                f"You cannot remove a {container.state} container {container.id}. "
                f"{how} the container before attempting removal or force remove",
            )
        self.cancel(container)
        if container.is_up:
            container.by_hand = True
            kept, container.auto_remove = container.auto_remove, False
            self.tell_kill(container, KILL)
            self.end(container, KILLED)
            container.auto_remove = kept
        self.destroy(container, volumes=volumes)

    async def recreate(self, reference: str, **changes: Any) -> Container:
        """Replace a container in compose's order: made, old one gone, renamed, started."""
        old = self.find(reference)
        name = old.name
        traits: dict[str, Any] = {
            "labels": {**old.labels, "com.docker.compose.replace": old.id},
            "usage": {"cores": old.usage.cores, "memory": old.usage.memory},
        }
        for trait in ("image", "restart", "retries", "network_mode", "volumes", "tty"):
            traits[trait] = getattr(old, trait)
        traits["health"] = old.health and Health.STARTING
        new = self.add(f"{old.id[:12]}_{name}", **{**traits, **changes})
        if old.counts_as_running:
            await self.stop(old.id)
        self.remove(old.id)
        self.rename(new.id, name)
        self.start(new.id)
        return new

    def _is_not(self, container: Container) -> str:
        return f"Container {container.id} is not running"

    def _improper(self, container: Container, text: str) -> Refusal:
        """Refuse what does not go with the state of a container."""
        return Refusal(500 if self.machine.is_podman else 409, text)
