"""All entities of ZFS hosts, pools, vdevs, disks and datasets, in reading order."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfTemperature,
    UnitOfTime,
)

from ...action import Action
from ...kind import (
    BinarySensorDescription,
    ButtonDescription,
    Description,
    EventDescription,
    SensorDescription,
)
from ...own import CONNECTED, OPERATION, OWN_COST, PENDING_APPROVALS
from ...publishing import AMOUNT, OPERATION_RATE, PERCENT, RATE, TEMPERATURE, Scale
from .actions import CLEAR_ERRORS, SCRUB_PAUSE, SCRUB_START, SCRUB_STOP, TRIM
from .facts import DatasetFacts, DiskFacts, PoolFacts, SmartFacts, VdevFacts, ZfsHost
from .happenings import HappeningType, happened
from .models import Errors, ScanFunction, Space, State, Work
from .watching import scan_word

RATES, DATASETS, DISKS = "rates", "datasets", "disks"
SCANS = ["idle", "paused", *ScanFunction]
# 1.52 is 1.52: what is saved does not jump
RATIO = Scale(decimals=2, points=0.01, low=1)
LATENCY = Scale(points=1, share=0.5)
COUNT = Scale(decimals=0, points=1)

type Attributes = Mapping[str, Any]
type Dated = PoolFacts | VdevFacts | DatasetFacts | SmartFacts


def _dated(facts: Dated) -> Attributes:
    """Tell how old a value is that could not be asked for."""
    return {"as_of": facts.as_of.isoformat()} if facts.as_of else {}


def _errors(facts: Dated, errors: Errors) -> Attributes:
    return {
        "read": errors.read,
        "write": errors.write,
        "checksum": errors.checksum,
        **_dated(facts),
    }


def _space(facts: PoolFacts) -> Space:
    return facts.pool.space or Space()


def _sensor[R: Dated](
    key: str,
    value: Callable[[R], str | float | datetime | None],
    scale: Scale | None = None,
    *,
    disabled: bool = False,
    **more: Any,
) -> SensorDescription[R]:
    return SensorDescription[R](
        key=key,
        value=value,
        scale=scale,
        entity_registry_enabled_default=not disabled,
        **{"attributes": _dated, **more},
    )


def _bytes[R: Dated](
    key: str, value: Callable[[R], float | None], *, disabled: bool = False
) -> SensorDescription[R]:
    return _sensor(
        key,
        value,
        AMOUNT,
        disabled=disabled,
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=2,
    )


def _percent[R: Dated](
    key: str, value: Callable[[R], float | None], *, disabled: bool = False
) -> SensorDescription[R]:
    return _sensor(
        key,
        value,
        PERCENT,
        disabled=disabled,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
    )


def _count[R: Dated](
    key: str, value: Callable[[R], int | None], **more: Any
) -> SensorDescription[R]:
    return _sensor(key, value, state_class=SensorStateClass.MEASUREMENT, **more)


def _state[R: VdevFacts]() -> SensorDescription[R]:
    return _sensor(
        "state",
        lambda part: part.state,
        device_class=SensorDeviceClass.ENUM,
        options=list(State),
        attributes=lambda part: {
            "note": part.note,
            "activities": [*part.activities],
            **_dated(part),
        },
    )


def _work(*, disabled: bool) -> Iterator[SensorDescription[Work]]:
    """Yield what somebody does per second, and how long it takes him."""
    for way in ("read", "write"):
        yield SensorDescription[Work](
            key=f"{way}_operations",
            feed=RATES,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement="ops/s",
            suggested_display_precision=0,
            entity_registry_enabled_default=not disabled,
            value=_reader(f"{way}_operations"),
            scale=OPERATION_RATE,
        )
    for way in ("read", "write"):
        yield SensorDescription[Work](
            key=f"{way}_rate",
            feed=RATES,
            device_class=SensorDeviceClass.DATA_RATE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
            suggested_unit_of_measurement=UnitOfDataRate.MEBIBYTES_PER_SECOND,
            suggested_display_precision=2,
            entity_registry_enabled_default=not disabled,
            value=_reader(f"{way}_rate"),
            scale=RATE,
        )
    for way in ("read", "write"):
        yield SensorDescription[Work](
            key=f"{way}_latency",
            feed=RATES,
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfTime.MILLISECONDS,
            suggested_display_precision=2,
            entity_registry_enabled_default=False,
            value=_reader(f"{way}_latency", 1_000_000),
            scale=LATENCY,
        )


def _reader(name: str, unit: int = 1) -> Callable[[Work], float | None]:
    def read(work: Work) -> float | None:
        number: int | None = getattr(work, name)
        return None if number is None else number / unit

    return read


def _button(
    action: Action[PoolFacts], *, disabled: bool = False
) -> ButtonDescription[PoolFacts]:
    return ButtonDescription[PoolFacts](
        key=action.key,
        press=action,
        exists=lambda pool: action.key in pool.may,
        entity_registry_enabled_default=not disabled,
    )


HOST_ENTITIES: tuple[Description, ...] = (
    CONNECTED,
    SensorDescription[ZfsHost](
        key="pools",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda host: len(host.pools),
    ),
    SensorDescription[ZfsHost](
        key="arc_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=2,
        value=lambda host: host.arc_size,
        scale=AMOUNT,
    ),
    SensorDescription[ZfsHost](
        key="arc_hit_rate",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        value=lambda host: host.arc_hit_rate,
        scale=PERCENT,
    ),
    SensorDescription[ZfsHost](
        key="zfs_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda host: host.version,
        attributes=lambda host: {"kernel": host.kernel_version},
    ),
    PENDING_APPROVALS,
    EventDescription[ZfsHost](
        key="pool", event_types=list(HappeningType), occurred=happened
    ),
    OPERATION,
    SensorDescription[ZfsHost](
        key="link_load",
        device_class=SensorDeviceClass.DATA_RATE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda host: host.link_load,
        scale=RATE,
    ),
    *OWN_COST,
)

POOL_ENTITIES: tuple[Description, ...] = (
    BinarySensorDescription[PoolFacts](
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value=lambda facts: facts.has_problem,
        attributes=lambda facts: {
            "status": facts.pool.status,
            "action": facts.pool.action,
            "message": facts.pool.message,
            **_dated(facts),
        },
    ),
    _sensor(
        "health",
        lambda facts: facts.state,
        device_class=SensorDeviceClass.ENUM,
        options=list(State),
    ),
    _bytes("size", lambda facts: _space(facts).size),
    _bytes("allocated", lambda facts: _space(facts).allocated),
    _bytes("free", lambda facts: _space(facts).free),
    _percent("used_percent", lambda facts: _space(facts).used_percent),
    _percent("fragmentation", lambda facts: _space(facts).fragmentation),
    _sensor(
        "dedup_ratio",
        lambda facts: _space(facts).dedup_ratio,
        RATIO,
        disabled=True,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    *_work(disabled=False),
    _count(
        "errors",
        lambda facts: facts.pool.errors.total,
        attributes=lambda facts: _errors(facts, facts.pool.errors),
    ),
    _count("data_errors", lambda facts: facts.pool.data_errors),
    _sensor(
        "scan",
        scan_word,
        device_class=SensorDeviceClass.ENUM,
        options=SCANS,
        attributes=lambda facts: {
            "function": facts.scan and facts.scan.function,
            "started": facts.scan
            and facts.scan.started
            and facts.scan.started.isoformat(),
            **_dated(facts),
        },
    ),
    _percent("scan_progress", lambda facts: facts.scan.percent if facts.scan else None),
    _sensor(
        "scan_finish",
        lambda facts: facts.scan_finish,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    _sensor(
        "last_scrub",
        lambda facts: facts.last_scrub.ended if facts.last_scrub else None,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    _count(
        "last_scrub_errors",
        lambda facts: facts.last_scrub.errors if facts.last_scrub else None,
    ),
    _button(SCRUB_START),
    _button(SCRUB_PAUSE),
    _button(SCRUB_STOP),
    _button(CLEAR_ERRORS, disabled=True),
    _button(TRIM, disabled=True),
)

VDEV_ENTITIES: tuple[Description, ...] = (
    _state(),
    _count(
        "errors",
        lambda part: part.errors.total,
        attributes=lambda part: _errors(part, part.errors),
    ),
    *_work(disabled=True),
    _bytes("size", lambda part: part.size, disabled=True),
)


def _smart(facts: SmartFacts) -> Attributes:
    return {"asleep": facts.asleep, **_dated(facts)}


def _has_smart(disk: DiskFacts) -> bool:
    return disk.has_smart


DISK_ENTITIES: tuple[Description, ...] = (
    *VDEV_ENTITIES,
    BinarySensorDescription[SmartFacts](
        key="smart_problem",
        feed=DISKS,
        exists=_has_smart,
        device_class=BinarySensorDeviceClass.PROBLEM,
        value=lambda facts: (
            None if facts.smart.passed is None else not facts.smart.passed
        ),
        attributes=_smart,
    ),
    _sensor(
        "temperature",
        lambda facts: facts.smart.temperature,
        TEMPERATURE,
        feed=DISKS,
        exists=_has_smart,
        attributes=_smart,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
    ),
    _sensor(
        "power_on_hours",
        lambda facts: facts.smart.power_on_hours,
        COUNT,
        disabled=True,
        feed=DISKS,
        exists=_has_smart,
        attributes=_smart,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfTime.HOURS,
    ),
)


def _quota_percent(facts: DatasetFacts) -> float | None:
    quota, used = facts.dataset.quota, facts.dataset.used
    if facts.dataset.refquota is not None:
        quota, used = facts.dataset.refquota, facts.dataset.referenced
    return None if not quota or used is None else min(100 * used / quota, 100)


DATASET_ENTITIES: tuple[Description, ...] = (
    _bytes("used", lambda facts: facts.dataset.used),
    _bytes("available", lambda facts: facts.dataset.available),
    _bytes("referenced", lambda facts: facts.dataset.referenced, disabled=True),
    _sensor(
        "compression_ratio",
        lambda facts: facts.dataset.compression_ratio,
        RATIO,
        disabled=True,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _percent("quota_percent", _quota_percent, disabled=True),
    _count(
        "snapshots",
        lambda facts: facts.snapshots.count if facts.snapshots else None,
        feed=DATASETS,
    ),
    _sensor(
        "newest_snapshot",
        lambda facts: facts.snapshots.newest if facts.snapshots else None,
        feed=DATASETS,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
)
