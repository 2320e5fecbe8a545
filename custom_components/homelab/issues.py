"""What a person has to look at, on Home Assistant's page of repairs."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .operation import Operation, describe

if TYPE_CHECKING:
    from .host import HomelabConfigEntry

WRONG_IDENTITY = "wrong_identity"
OPERATION_PENDING = "operation_pending"
AUDIT_DAMAGED = "audit_damaged"


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


def report_pending(hass: HomeAssistant, operation: Operation) -> None:
    """Ask administrators for a decision."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{OPERATION_PENDING}_{operation.id}",
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=OPERATION_PENDING,
        translation_placeholders={
            "operation": describe(operation),
            "asker": str(operation.asked_by),
            "risk": operation.risk,
            "parameters": ", ".join(
                f"{k}: {v}" for k, v in operation.parameters.items()
            )
            or "none",
        },
        data={"operation_id": operation.id},
    )


def clear_pending(hass: HomeAssistant, operation_id: str) -> None:
    """Forget the question: it is decided, or too late."""
    ir.async_delete_issue(hass, DOMAIN, f"{OPERATION_PENDING}_{operation_id}")


def report_damage(hass: HomeAssistant, aside: str) -> None:
    """Say that part of the audit trail could not be read, and where it is kept."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        AUDIT_DAMAGED,
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=AUDIT_DAMAGED,
        translation_placeholders={"file": aside},
    )
