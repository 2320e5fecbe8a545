"""The options, in sections; what a source's feeds can be told is among them."""

from typing import Any

import probatio

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import (
    CONF_PUBLISH_INTERVAL,
    CONF_REMOVAL_DELAY,
    CONF_SOURCE,
    SECTION_POLLING,
    SECTION_REMOVAL,
)
from .devices import REMOVAL_DELAY
from .kind import Feed
from .publishing import PUBLISH_INTERVAL
from .sources import async_get_source_type


class HomelabOptionsFlow(OptionsFlowWithReload):
    """Change how an entry is watched; it is loaded again afterwards."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show every section with what is set, or its default."""
        if user_input is not None:
            return self.async_create_entry(data=_as_integers(user_input))
        source_type = await async_get_source_type(
            self.hass, self.config_entry.data[CONF_SOURCE]
        )
        schema = probatio.Schema(
            {
                probatio.Required(SECTION_POLLING): section(
                    _polling(source_type.feeds)
                ),
                probatio.Required(SECTION_REMOVAL): section(
                    _numbers({CONF_REMOVAL_DELAY: (REMOVAL_DELAY, 0, 720, "h")}),
                    {"collapsed": True},
                ),
            }
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, self.config_entry.options
            ),
        )


def _polling(feeds: tuple[Feed[Any, Any], ...]) -> probatio.Schema:
    return _numbers(
        {
            **{
                feed.interval.option: (
                    feed.interval.default,
                    feed.interval.minimum,
                    feed.interval.maximum,
                    "s",
                )
                for feed in feeds
            },
            CONF_PUBLISH_INTERVAL: (PUBLISH_INTERVAL, 10, 600, "s"),
        }
    )


def _numbers(fields: dict[str, tuple[int, int, int, str]]) -> probatio.Schema:
    return probatio.Schema(
        {
            probatio.Required(key, default=default): NumberSelector(
                NumberSelectorConfig(
                    min=low,
                    max=high,
                    step=1,
                    unit_of_measurement=unit,
                    mode=NumberSelectorMode.BOX,
                )
            )
            for key, (default, low, high, unit) in fields.items()
        }
    )


def _as_integers(user_input: dict[str, Any]) -> dict[str, Any]:
    """Store whole numbers as such: the selector answers with floats."""
    return {
        name: {
            key: int(value) if isinstance(value, float) else value
            for key, value in fields.items()
        }
        for name, fields in user_input.items()
    }
