"""The flows that mend what a person has to look at."""

from typing import Any, override

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.http import current_request

from .const import CONF_HOST_KEY, DOMAIN
from .decisions import decide
from .issues import AUDIT_DAMAGED


class MendingFlow(RepairsFlow):
    """Show what is wrong with the connection of an entry, and load it again."""

    def __init__(self, entry_id: str) -> None:
        """Remember whose issue it is."""
        self._entry_id = entry_id
        self._shown: dict[str, Any] = {}

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Go straight to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Load the entry again; the issue stays if that did not help."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if issue is None:
            # it was mended in another way, or the entry is gone
            return self.async_create_entry(data={})
        if user_input is None:
            self._shown = dict(issue.data or {})
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=issue.translation_placeholders,
            )
        self.mend()
        if not await self.hass.config_entries.async_reload(self._entry_id):
            return self.async_abort(reason="still_wrong")
        return self.async_create_entry(data={})

    def mend(self) -> None:
        """Change nothing: a person has, and says so."""


class HostKeyFlow(MendingFlow):
    """Show the old and the new key of a machine, and store the new one if it is right."""

    @override
    def mend(self) -> None:
        """Trust the key that was shown from now on: only a person decides that."""
        entry = self.hass.config_entries.async_get_known_entry(self._entry_id)
        data = {**entry.data, CONF_HOST_KEY: self._shown[CONF_HOST_KEY]}
        self.hass.config_entries.async_update_entry(entry, data=data)


class DecisionFlow(RepairsFlow):
    """Show what will happen, and take the decision."""

    def __init__(self, operation_id: str) -> None:
        """Remember what it is about."""
        self._operation_id = operation_id

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Offer both ways."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["approve", "reject"],
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_approve(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let it happen."""
        return await self._decide(approve=True)

    async def async_step_reject(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let it not happen."""
        return await self._decide(approve=False)

    async def _decide(self, *, approve: bool) -> RepairsFlowResult:
        """Decide as whoever sent this request: Home Assistant lets administrators in."""
        request = current_request.get()
        user = request[KEY_HASS_USER] if request else None
        try:
            await decide(self.hass, self._operation_id, user, approve=approve)
        except ServiceValidationError as error:
            return self.async_abort(
                reason=str(error.translation_key),
                description_placeholders=error.translation_placeholders,
            )
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    if issue_id == AUDIT_DAMAGED:
        return ConfirmRepairFlow()
    if data and "operation_id" in data:
        return DecisionFlow(data["operation_id"])
    if data and CONF_HOST_KEY in data:
        return HostKeyFlow(data["entry_id"])
    return MendingFlow((data or {})["entry_id"])
