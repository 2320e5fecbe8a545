"""Names that Home Assistant and the whole integration share."""

import logging
from typing import TYPE_CHECKING, Final

from homeassistant.util.hass_dict import HassKey

if TYPE_CHECKING:
    from .operations import Operations

DOMAIN: Final = "homelab"
LOGGER: Final = logging.getLogger(__package__)

CONF_SOURCE: Final = "source"
CONF_HOST_KEY: Final = "host_key"

EVENT_OPERATION: Final = f"{DOMAIN}_operation"
SIGNAL_OPERATION: Final = f"{DOMAIN}_operation_moved"

OPERATIONS: HassKey[Operations] = HassKey(f"{DOMAIN}.operations")

SECTION_POLICY: Final = "policy"
SECTION_POLLING: Final = "polling"
SECTION_REMOVAL: Final = "removal"
CONF_AUTOMATE_ROUTINE: Final = "automate_routine"
CONF_PENDING_EXPIRY: Final = "pending_expiry"
CONF_PROTECT: Final = "protect"
CONF_PUBLISH_INTERVAL: Final = "publish_interval"
CONF_RATE: Final = "rate"
CONF_REMOVAL_DELAY: Final = "removal_delay"
