"""The buttons of a phone's notification: approve or reject, as whoever pressed them."""

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from .const import LOGGER, OPERATIONS
from .decisions import decide

EVENT = "mobile_app_notification_action"
APPROVE = "HOMELAB_APPROVE_"
REJECT = "HOMELAB_REJECT_"


@callback
def async_listen_to_phones(hass: HomeAssistant) -> None:
    """Listen for our buttons."""

    async def take(event: Event) -> None:
        button = str(event.data.get("action", ""))
        if not button.startswith((APPROVE, REJECT)):
            return
        approve = button.startswith(APPROVE)
        operation_id = button.removeprefix(APPROVE).removeprefix(REJECT)
        user = await hass.data[OPERATIONS].askers.find_person(event.context)
        try:
            await decide(hass, operation_id, user, approve=approve)
        except ServiceValidationError as error:
            # nobody waits for an answer at the other end of a notification
            LOGGER.warning("A phone's decision was refused: %s", error)

    hass.bus.async_listen(EVENT, take)
