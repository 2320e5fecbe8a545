"""What is known of a host without asking it: contact, operations, our own cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime

from .const import OPERATIONS
from .kind import (
    OWN,
    BinarySensorDescription,
    Description,
    EventDescription,
    Occurrence,
    SensorDescription,
)
from .operation import Operation, State
from .publishing import Scale

if TYPE_CHECKING:
    from .host import Host


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnFacts:
    """Counted since the entry was loaded."""

    connected: bool
    poll_duration: float | None
    states_written: int
    reconnects: int
    values_dropped: int
    pending_approvals: int
    operations: tuple[tuple[int, Operation], ...]


def own_facts(host: Host) -> OwnFacts:
    """Read a host's counters."""
    seconds = host.main.duration
    operations = host.hass.data[OPERATIONS]
    return OwnFacts(
        connected=host.contact.is_set(),
        poll_duration=None if seconds is None else seconds * 1000,
        states_written=host.publication.states_written,
        reconnects=host.reconnects,
        values_dropped=host.values_dropped + host.source.dropped,
        pending_approvals=len(operations.ledger.pending(host.entry.entry_id)),
        operations=tuple(host.operations),
    )


CONNECTED = BinarySensorDescription[OwnFacts](
    key="connected",
    feed=OWN,
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda own: own.connected,
)

PENDING_APPROVALS = SensorDescription[OwnFacts](
    key="pending_approvals",
    feed=OWN,
    value=lambda own: own.pending_approvals,
)


def _moved(before: OwnFacts, after: OwnFacts) -> Iterator[Occurrence]:
    last = before.operations[-1][0] if before.operations else 0
    for number, operation in after.operations:
        if number > last:
            # what a command printed is for administrators: it is not in here
            yield Occurrence(
                type=operation.state,
                attributes={
                    "operation_id": operation.id,
                    "device_id": operation.device_id,
                    "resource": operation.resource,
                    "action": operation.action,
                    "risk": operation.risk,
                    "asked_by": str(operation.asked_by),
                    "decided_by": operation.decided_by,
                },
            )


OPERATION = EventDescription[OwnFacts](
    key="operation",
    feed=OWN,
    event_types=list(State),
    occurred=_moved,
)

OWN_COST: tuple[Description, ...] = (
    SensorDescription[OwnFacts](
        key="poll_duration",
        feed=OWN,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda own: own.poll_duration,
        scale=Scale(share=1),
    ),
    SensorDescription[OwnFacts](
        key="states_written",
        feed=OWN,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda own: own.states_written,
        scale=Scale(decimals=0, share=1, points=1000),
        attributes=lambda own: {"values_dropped": own.values_dropped},
    ),
    SensorDescription[OwnFacts](
        key="reconnects",
        feed=OWN,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda own: own.reconnects,
    ),
)
