"""How a request or a decision is refused: with a sentence, and nothing has changed."""

from typing import NoReturn

from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN
from .operation import Operation, describe


def refuse(key: str, operation: Operation | None, **placeholders: str) -> NoReturn:
    """Raise the translated sentence."""
    if operation:
        placeholders["operation"] = describe(operation)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
