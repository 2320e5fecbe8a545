"""What watching a host costs, and whether it answers: known without asking it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime

from .kind import OWN, BinarySensorDescription, Description, SensorDescription
from .publishing import Scale

if TYPE_CHECKING:
    from .host import Host


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCost:
    """Counted since the entry was loaded."""

    connected: bool
    poll_duration: float | None
    states_written: int
    reconnects: int
    values_dropped: int


def own_cost(host: Host) -> OwnCost:
    """Read a host's counters."""
    seconds = host.main.duration
    return OwnCost(
        connected=host.contact.is_set(),
        poll_duration=None if seconds is None else seconds * 1000,
        states_written=host.states_written,
        reconnects=host.reconnects,
        values_dropped=host.values_dropped,
    )


CONNECTED = BinarySensorDescription[OwnCost](
    key="connected",
    feed=OWN,
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda own: own.connected,
)

OWN_COST: tuple[Description, ...] = (
    SensorDescription[OwnCost](
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
    SensorDescription[OwnCost](
        key="states_written",
        feed=OWN,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda own: own.states_written,
        scale=Scale(decimals=0, share=1, points=1000),
        attributes=lambda own: {"values_dropped": own.values_dropped},
    ),
    SensorDescription[OwnCost](
        key="reconnects",
        feed=OWN,
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda own: own.reconnects,
    ),
)
