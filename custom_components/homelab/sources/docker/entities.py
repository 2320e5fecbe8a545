"""All entities of Docker hosts, compose projects and containers, in reading order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
)

from ...action import Action
from ...kind import (
    HOST_KEY,
    BinarySensorDescription,
    ButtonDescription,
    Description,
    Device,
    EventDescription,
    Occurrence,
    ResourceKey,
    ResourceKind,
    SensorDescription,
    SwitchDescription,
)
from ...looking import Fault
from ...own import CONNECTED, OPERATION, OWN_COST, PENDING_APPROVALS
from ...policy import Guard
from ...publishing import AMOUNT, CPU_PERCENT, PERCENT, RATE, Scale
from .actions import (
    KILL,
    PAUSE,
    PROJECT_RESTART,
    PROJECT_START,
    PROJECT_STOP,
    PRUNE,
    RESTART,
    START,
    STOP,
    UNPAUSE,
)
from .client import DockerClient
from .happening import HappeningType
from .models import Container, DockerHost, Health, Project, State
from .stats import Numbers

STATE, NUMBERS, DISK = "state", "numbers", "disk"
# a total that always grows is for statistics, not for looking at
TOTAL = Scale(significant=6, points=1, share=0.05)
# of one core: a container may use many
CORES_PERCENT = Scale(decimals=1, points=5)


def _happened(before: DockerHost, after: DockerHost) -> Iterator[Occurrence]:
    last = before.happenings[-1][0] if before.happenings else 0
    for number, happening in after.happenings:
        if number > last:
            yield Occurrence(
                type=happening.type,
                attributes={
                    "resource": happening.resource,
                    "cause": happening.cause,
                    "exit_code": happening.exit_code,
                    "signal": happening.signal,
                },
                about=("container", happening.resource),
            )


def _memory_fault(host: DockerHost) -> dict[str, str] | None:
    engine = host.engine
    return None if engine.counts_memory or engine.rootless else {}


def _delegation_fault(host: DockerHost) -> dict[str, str] | None:
    engine = host.engine
    return {} if engine.rootless and not engine.counts_memory else None


def _port_fault(host: DockerHost) -> dict[str, str] | None:
    ports = host.engine.open_ports
    return {"address": ", ".join(ports)} if ports else None


def _count[R](key: str, value: Callable[[R], int | None]) -> SensorDescription[R]:
    return SensorDescription[R](
        key=key, state_class=SensorStateClass.MEASUREMENT, value=value
    )


def _bytes[R](
    key: str,
    feed: str,
    value: Callable[[R], float | None],
    *,
    total: bool = False,
    disabled: bool = False,
) -> SensorDescription[R]:
    large = total or feed == DISK
    return SensorDescription[R](
        key=key,
        feed=feed,
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.TOTAL_INCREASING
        if total
        else SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES
        if large
        else UnitOfInformation.MEBIBYTES,
        suggested_display_precision=2 if large else 1,
        entity_registry_enabled_default=not disabled,
        value=value,
        scale=TOTAL if total else AMOUNT,
    )


def _rate(
    key: str, value: Callable[[Numbers], float | None], *, network: bool
) -> SensorDescription[Numbers]:
    return SensorDescription[Numbers](
        key=key,
        feed=NUMBERS,
        device_class=SensorDeviceClass.DATA_RATE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.KIBIBYTES_PER_SECOND,
        suggested_display_precision=1,
        entity_registry_enabled_default=network,
        exists=(lambda container: container.networked) if network else None,
        value=value,
        scale=RATE,
    )


def _percent[R](
    key: str,
    value: Callable[[R], float | None],
    scale: Scale,
    *,
    disabled: bool = False,
) -> SensorDescription[R]:
    return SensorDescription[R](
        key=key,
        feed=NUMBERS,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        entity_registry_enabled_default=not disabled,
        value=value,
        scale=scale,
    )


def _button[R](
    action: Action[R], exists: Callable[[R], bool], *, disabled: bool = False
) -> ButtonDescription[R]:
    return ButtonDescription[R](
        key=action.key,
        press=action,
        exists=exists,
        entity_registry_enabled_default=not disabled,
    )


def _detail(
    key: str,
    value: Callable[[Container], str | int | datetime | None],
    device_class: SensorDeviceClass | None = None,
) -> SensorDescription[Container]:
    return SensorDescription[Container](
        key=key,
        device_class=device_class,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=value,
    )


HOST_ENTITIES: tuple[Description, ...] = (
    CONNECTED,
    _count("containers_running", lambda host: host.running),
    _count("containers_stopped", lambda host: host.stopped),
    _count("containers_unhealthy", lambda host: host.unhealthy),
    _percent("cpu", lambda totals: totals.cpu, CPU_PERCENT),
    _bytes("memory", NUMBERS, lambda totals: totals.memory),
    _count("images", lambda host: host.engine.images),
    replace(
        _count("volumes", lambda host: host.engine.volumes),
        exists=lambda host: host.engine.volumes is not None,
    ),
    _bytes("disk_images", DISK, lambda disk: disk.images),
    _bytes("disk_volumes", DISK, lambda disk: disk.volumes),
    _bytes("disk_build_cache", DISK, lambda disk: disk.build_cache),
    _bytes("disk_reclaimable", DISK, lambda disk: disk.reclaimable),
    SensorDescription[DockerHost](
        key="engine_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda host: host.engine.version,
    ),
    SensorDescription[DockerHost](
        key="warnings",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda host: len(host.engine.warnings),
        attributes=lambda host: {"warnings": [*host.engine.warnings]},
    ),
    PENDING_APPROVALS,
    EventDescription[DockerHost](
        key="container", event_types=list(HappeningType), occurred=_happened
    ),
    OPERATION,
    *OWN_COST,
)

PROJECT_ENTITIES: tuple[Description, ...] = (
    _count("containers_running", lambda project: project.running),
    _button(PROJECT_START, lambda project: project.may("start")),
    _button(PROJECT_STOP, lambda project: project.may("stop")),
    _button(PROJECT_RESTART, lambda project: project.may("start", "stop")),
)

CONTAINER_ENTITIES: tuple[Description, ...] = (
    SwitchDescription[Container](
        key="running",
        exists=lambda container: container.may >= {"start", "stop"},
        value=lambda container: container.is_on,
        turn_on=START,
        turn_off=STOP,
    ),
    SensorDescription[Container](
        key="state",
        device_class=SensorDeviceClass.ENUM,
        options=list(State),
        value=lambda container: container.state,
    ),
    SensorDescription[Container](
        key="health",
        device_class=SensorDeviceClass.ENUM,
        options=list(Health),
        exists=lambda container: container.checked,
        value=lambda container: container.health,
    ),
    _percent("cpu", lambda numbers: numbers.cpu, CPU_PERCENT),
    _percent(
        "cpu_cores", lambda numbers: numbers.cpu_cores, CORES_PERCENT, disabled=True
    ),
    _bytes("memory", NUMBERS, lambda numbers: numbers.memory),
    _percent("memory_percent", lambda numbers: numbers.memory_percent, PERCENT),
    _rate("network_receive_rate", lambda n: n.receive_rate, network=True),
    _rate("network_send_rate", lambda n: n.send_rate, network=True),
    _rate("block_read_rate", lambda n: n.read_rate, network=False),
    _rate("block_write_rate", lambda n: n.write_rate, network=False),
    _bytes(
        "network_received", NUMBERS, lambda n: n.received, total=True, disabled=True
    ),
    _bytes("network_sent", NUMBERS, lambda n: n.sent, total=True, disabled=True),
    _bytes("block_read", NUMBERS, lambda n: n.block_read, total=True, disabled=True),
    _bytes(
        "block_written", NUMBERS, lambda n: n.block_written, total=True, disabled=True
    ),
    SensorDescription[Numbers](
        key="pids",
        feed=NUMBERS,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
        value=lambda numbers: numbers.pids,
        scale=Scale(decimals=0, points=1, share=0.2),
    ),
    SensorDescription[Container](
        key="restart_count",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda container: container.restart_count,
    ),
    BinarySensorDescription[Container](
        key="oom_killed",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda container: container.oom_killed,
    ),
    _detail(
        "started_at",
        lambda container: container.started_at,
        SensorDeviceClass.TIMESTAMP,
    ),
    _detail("exit_code", lambda container: container.exit_code),
    _detail("image", lambda container: container.image),
    _button(RESTART, lambda container: "restart" in container.may),
    _button(PAUSE, lambda container: "pause" in container.may, disabled=True),
    _button(UNPAUSE, lambda container: "unpause" in container.may, disabled=True),
    _button(KILL, lambda container: "kill" in container.may, disabled=True),
)


def _parent(container: Container) -> ResourceKey:
    if container.project and container.is_service:
        return ("project", container.project)
    return HOST_KEY


def _guard(containers: Iterable[Container]) -> Guard | None:
    found = tuple(containers)
    if any(each.ours for each in found):
        return Guard.OURS
    return Guard.MARKED if any(each.protected for each in found) else None


def _names(container: Container) -> Iterator[str]:
    yield container.name
    if container.project and container.service:
        yield container.service
        yield f"{container.project}/{container.service}"


HOST = ResourceKind[DockerHost](
    key=HOST_KEY[0],
    find={
        STATE: lambda host: {"": host},
        NUMBERS: lambda readings: {"": readings.totals},
        DISK: lambda disk: {"": disk},
    },
    device=lambda host: Device(
        name=host.name,
        manufacturer="Podman" if host.engine.podman else "Docker",
        model="Podman" if host.engine.podman else "Docker Engine",
        sw_version=host.engine.version,
    ),
    entities=HOST_ENTITIES,
    actions=(PRUNE,),
    faults=(
        Fault(key="memory_controller_off", found=_memory_fault),
        Fault(key="memory_not_delegated", found=_delegation_fault),
        Fault(key="plain_docker_port", found=_port_fault),
    ),
)
PROJECT = ResourceKind[Project](
    key="project",
    find={STATE: lambda host: host.projects},
    device=lambda project: Device(name=project.name, model="Compose project"),
    names=lambda project: [
        name for each in project.containers for name in (each.resource, *_names(each))
    ],
    guard=lambda project: _guard(project.containers),
    members=lambda project: [("container", c.resource) for c in project.containers],
    entities=PROJECT_ENTITIES,
)
CONTAINER = ResourceKind[Container](
    key="container",
    find={
        STATE: lambda host: host.containers,
        NUMBERS: lambda readings: readings.containers,
    },
    device=lambda container: Device(
        name=container.title, model=container.image, configuration_url=container.url
    ),
    parent=_parent,
    names=_names,
    guard=lambda container: _guard((container,)),
    entities=CONTAINER_ENTITIES,
    logs=DockerClient.logs,
)
KINDS = (HOST, PROJECT, CONTAINER)
