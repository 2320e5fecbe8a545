"""Approval and rejection: by administrators only, and never by what asked."""

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN, OPERATIONS
from .host import Host
from .operation import Operation, State
from .refusals import refuse


async def decide(
    hass: HomeAssistant, operation_id: str, user: User | None, *, approve: bool
) -> Operation:
    """Take a person's decision; approval starts it, and does not wait for it."""
    operations = hass.data[OPERATIONS]
    operation = operations.ledger.records.get(operation_id)
    if operation is None:
        refuse("operation_unknown", None, operation_id=operation_id)
    if user is None or not user.is_admin or not user.is_active or user.system_generated:
        refuse("not_allowed", operation)
    if operation.awaits_decision and operation.is_overdue(dt_util.utcnow()):
        # the timer is late: the machine slept, or its clock was set
        operation = await operations.ledger.move(operation, State.EXPIRED)
    if not operation.awaits_decision:
        refuse("operation_decided", operation, state=operation.state)
    decided = operation.decided(user.name or user.id, dt_util.utcnow())
    if not approve:
        return await operations.ledger.move(decided, State.REJECTED)
    host = _host(hass, operation)
    action = host.actions(operation.kind).get(operation.action)
    if action is None:
        refuse("resource_unknown", operation)
    operations.check_busy(operation)
    operations.launch(host, decided, action, approved=True)
    return decided


def _host(hass: HomeAssistant, operation: Operation) -> Host:
    """Return the loaded host of an operation."""
    loaded = hass.config_entries.async_loaded_entries(DOMAIN)
    hosts = [e.runtime_data for e in loaded if e.entry_id == operation.entry_id]
    if not hosts:
        refuse("entry_not_loaded", operation)
    host: Host = hosts[0]
    return host
