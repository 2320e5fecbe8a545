"""The demo's containers in the simulated engine, and what befalls them."""

import asyncio
import random

from demo.engine.container import Container, Health, State
from demo.engine.moment import SECOND
from demo.engine.server import SimulatedEngine
from demo.services import SERVICES, Service

AGE = 3 * 86_400 * SECOND
# seconds between two things that befall somebody
PAUSES = (4, 20)


def populate(engine: SimulatedEngine, count: int) -> None:
    """Have so many containers: those of the demo, then copies of them."""
    for number in range(count):
        copy, place = divmod(number, len(SERVICES))
        _add(engine, SERVICES[place], copy)
    engine.add_image("postgres:16", size=420_000_000)
    engine.add_image(size=95_000_000)
    engine.add_volume(size=12_000_000)
    engine.add_volume("old_data", size=640_000_000)
    engine.add_cache(210_000_000)


def _add(engine: SimulatedEngine, service: Service, copy: int) -> None:
    name = service.container + (f"-{copy}" if copy else "")
    container = engine.add(
        name,
        image="busybox:latest",
        command=("sh", "-c", service.script),
        # a copy is no second container of the same service
        labels={} if copy else service.labels,
        restart=service.restart,
        network_mode=service.network_mode,
        volumes=(service.volume,) if service.volume else (),
        tty=service.tty,
        health=Health.STARTING if service.check else None,
        usage={
            "cores": service.cores,
            "memory": service.memory,
            "cache": service.memory // 5,
            "received": service.traffic / 3,
            "sent": service.traffic,
        },
    )
    container.created -= AGE
    engine.start(name)
    for line in service.lines:
        engine.say(name, line)
    if service.restart == "no":
        engine.die(name, 0)
    elif container.health:
        engine.set_health(name, Health.HEALTHY)


async def live(
    engine: SimulatedEngine, seed: int, pauses: tuple[float, float] = PAUSES
) -> None:
    """Let something befall somebody now and then, always the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311
    while True:
        await asyncio.sleep(dice.uniform(*pauses))
        service, turn = dice.choice(SERVICES), dice.random()
        for container in [*engine.containers.values()]:
            running = container.state is State.RUNNING
            if running and container.name == service.container:
                _befall(engine, container, service, turn)


def _befall(
    engine: SimulatedEngine, container: Container, service: Service, turn: float
) -> None:
    """Let a container print something, and be better or worse off; the turn is 0 to 1."""
    name = container.name
    for line in service.lines[: round(turn * len(service.lines))]:
        engine.say(name, line)
    if service.check and turn < 0.5:
        well = container.health is not Health.HEALTHY
        engine.set_health(name, Health.HEALTHY if well else Health.UNHEALTHY)
    elif service.restart == "on-failure":
        engine.say(name, "lost my connection", "stderr")
        engine.die(name, 1)
    else:
        engine.load(name, cpu=service.cores * (0.2 + 3 * turn))
