"""The options, in sections; what a source's feeds can be told is among them."""

from collections.abc import Mapping
from typing import Any

import probatio

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .action import Risk
from .const import (
    CONF_AUTOMATE_ROUTINE,
    CONF_PENDING_EXPIRY,
    CONF_PROTECT,
    CONF_PUBLISH_INTERVAL,
    CONF_RATE,
    CONF_REMOVAL_DELAY,
    SECTION_POLICY,
    SECTION_POLLING,
    SECTION_REMOVAL,
)
from .devices import REMOVAL_DELAY
from .kind import Feed
from .policy import PENDING_EXPIRY, RATE, Rule
from .publishing import PUBLISH_INTERVAL
from .sources import async_get_source_type

type Fields = dict[probatio.Marker, Any]


class HomelabOptionsFlow(OptionsFlowWithReload):
    """Change how an entry is watched; it is loaded again afterwards."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show every section with what is set, or its default."""
        if user_input is not None:
            return self.async_create_entry(data=_as_integers(user_input))
        source_type = await async_get_source_type(self.hass, self.config_entry)
        sections: dict[str, Mapping[probatio.Marker, Any]] = {
            SECTION_POLLING: _polling(source_type.feeds),
            **source_type.options,
            SECTION_POLICY: _policy(),
            SECTION_REMOVAL: _number(CONF_REMOVAL_DELAY, REMOVAL_DELAY, 0, 720, "h"),
        }
        schema = probatio.Schema(
            {
                probatio.Required(name): section(
                    probatio.Schema(dict(fields)),
                    {"collapsed": name != SECTION_POLLING},
                )
                for name, fields in sections.items()
            }
        )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, self.config_entry.options
            ),
        )


def _polling(feeds: tuple[Feed[Any, Any], ...]) -> Fields:
    fields: Fields = {}
    for feed in feeds:
        pace = feed.interval
        fields |= _number(pace.option, pace.default, pace.minimum, pace.maximum, "s")
    return fields | _number(CONF_PUBLISH_INTERVAL, PUBLISH_INTERVAL, 10, 600, "s")


def _policy() -> Fields:
    rule = SelectSelector(
        SelectSelectorConfig(
            options=list(Rule),
            translation_key="rule",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    return {
        probatio.Required(CONF_AUTOMATE_ROUTINE, default=False): BooleanSelector(),
        **{
            probatio.Required(risk.value, default=Rule.ASK.value): rule for risk in Risk
        },
        probatio.Optional(CONF_PROTECT, default=[]): TextSelector(
            TextSelectorConfig(multiple=True)
        ),
        **_number(CONF_PENDING_EXPIRY, PENDING_EXPIRY, 1, 1440, "min"),
        **_number(CONF_RATE, RATE, 1, 600, "/min"),
    }


def _number(key: str, default: int, low: int, high: int, unit: str) -> Fields:
    selector = NumberSelector(
        NumberSelectorConfig(
            min=low,
            max=high,
            step=1,
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )
    return {probatio.Required(key, default=default): selector}


def _as_integers(user_input: dict[str, Any]) -> dict[str, Any]:
    """Store whole numbers as such: the selector answers with floats."""
    return {
        name: {
            key: int(value) if isinstance(value, float) else value
            for key, value in fields.items()
        }
        for name, fields in user_input.items()
    }
