"""How a request is refused, or fails: with a sentence that says what to do."""

from typing import NoReturn

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .operation import Operation, describe


def refuse(key: str, operation: Operation | None, **placeholders: str) -> NoReturn:
    """Tell whoever asked why not; nothing has changed."""
    if operation:
        placeholders["operation"] = describe(operation)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def fail(operation: Operation, detail: str) -> NoReturn:
    """Tell whoever waited that it did not go well."""
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="operation_failed",
        translation_placeholders={"operation": describe(operation), "detail": detail},
    )
