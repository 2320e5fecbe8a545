"""What a person has to look at, on Home Assistant's page of repairs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import CONF_HOST_KEY, DOMAIN
from .operation import Operation, describe
from .source import WrongIdentity
from .transports.fingerprint import fingerprint

if TYPE_CHECKING:
    from .host import HomelabConfigEntry

WRONG_IDENTITY = "wrong_identity"
HOST_KEY_CHANGED = "host_key_changed"
OPERATION_PENDING = "operation_pending"
AUDIT_DAMAGED = "audit_damaged"


def report_identity(
    hass: HomeAssistant, entry: HomelabConfigEntry, error: WrongIdentity, found: str
) -> None:
    """Say that another machine answers; nothing is tried again until somebody looks.

    `found` is who says so, without secrets; a host key is stored as it was shown.
    """
    expected, data = str(entry.unique_id), {"entry_id": entry.entry_id}
    reason = error.reason
    if reason == HOST_KEY_CHANGED:
        data[CONF_HOST_KEY] = str(error)
        expected, found = (
            fingerprint(entry.data[CONF_HOST_KEY]),
            fingerprint(str(error)),
        )
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{reason}_{entry.entry_id}",
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=reason,
        translation_placeholders={
            "name": entry.title,
            "expected": expected,
            "found": found,
        },
        data=dict(data),
    )


def clear_identity(hass: HomeAssistant, entry: HomelabConfigEntry) -> None:
    """Forget it: the right machine answers, or the entry is gone."""
    for reason in (WRONG_IDENTITY, HOST_KEY_CHANGED):
        ir.async_delete_issue(hass, DOMAIN, f"{reason}_{entry.entry_id}")


def report_fault(
    hass: HomeAssistant, issue_id: str, key: str, placeholders: Mapping[str, str]
) -> None:
    """Say what a person has to put right on the machine itself."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders=dict(placeholders),
    )


def clear_fault(hass: HomeAssistant, issue_id: str) -> None:
    """Forget what is put right, or no longer known."""
    ir.async_delete_issue(hass, DOMAIN, issue_id)


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
            "parameters": "; ".join(
                f"{name.replace('_', ' ')}: {_said(value)}"
                for name, value in operation.parameters.items()
            )
            or "none",
        },
        data={"operation_id": operation.id},
    )


def _said(value: object) -> str:
    """Return a parameter as people would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(each).replace("_", " ") for each in value)
    return str(value)


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
