"""Names that Home Assistant and the whole integration share."""

import logging
from typing import Final

DOMAIN: Final = "homelab"
LOGGER: Final = logging.getLogger(__package__)

CONF_SOURCE: Final = "source"

SECTION_POLLING: Final = "polling"
SECTION_REMOVAL: Final = "removal"
CONF_PUBLISH_INTERVAL: Final = "publish_interval"
CONF_REMOVAL_DELAY: Final = "removal_delay"
