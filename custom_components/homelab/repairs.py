"""What a person has to look at: issues, and the flows that mend them."""

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

if TYPE_CHECKING:
    from .host import HomelabConfigEntry

WRONG_IDENTITY = "wrong_identity"


def report_identity(hass: HomeAssistant, entry: HomelabConfigEntry, found: str) -> None:
    """Say that another machine answers; nothing is tried again until somebody looks."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{WRONG_IDENTITY}_{entry.entry_id}",
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=WRONG_IDENTITY,
        translation_placeholders={
            "name": entry.title,
            "expected": str(entry.unique_id),
            "found": found,
        },
        data={"entry_id": entry.entry_id},
    )


def clear_identity(hass: HomeAssistant, entry: HomelabConfigEntry) -> None:
    """Forget it: the right machine answers, or the entry is gone."""
    ir.async_delete_issue(hass, DOMAIN, f"{WRONG_IDENTITY}_{entry.entry_id}")


class CheckAgainFlow(RepairsFlow):
    """Look again at who answers, once a person says that it is mended."""

    def __init__(self, entry_id: str) -> None:
        """Remember whose issue it is."""
        self._entry_id = entry_id

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Go straight to the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Load the entry again; the issue stays if that did not help."""
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=issue.translation_placeholders
                if issue
                else None,
            )
        if not await self.hass.config_entries.async_reload(self._entry_id):
            return self.async_abort(reason="still_wrong")
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    return CheckAgainFlow((data or {})["entry_id"])
