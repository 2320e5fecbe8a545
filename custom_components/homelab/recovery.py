"""What was interrupted: looked at once, when its entry is loaded again."""

from .const import OPERATIONS
from .host import Host
from .operation import State


async def look_again(host: Host) -> None:
    """Find out whether what ended unknown has succeeded after all."""
    ledger = host.hass.data[OPERATIONS].ledger
    for operation in [*ledger.records.values()]:
        ours = operation.entry_id == host.entry.entry_id
        if not ours or operation.looked or operation.state is not State.UNKNOWN:
            continue
        action = host.actions(operation.kind).get(operation.action)
        facts = None
        if action and action.wished:
            facts = host.facts(operation.key, None)
        done = action and action.wished and facts is not None and action.wished(facts)
        state = State.SUCCEEDED if done else State.UNKNOWN
        await ledger.move(operation, state, looked=True)
