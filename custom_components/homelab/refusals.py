"""How a request is refused, or fails: with a sentence that says what to do."""

from typing import TYPE_CHECKING, NoReturn

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .operation import Operation, describe

if TYPE_CHECKING:
    from .host import Host


def refuse(key: str, operation: Operation | None, /, **placeholders: str) -> NoReturn:
    """Tell whoever asked why not; nothing has changed."""
    if operation:
        placeholders["operation"] = describe(operation)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


async def require_administrator(
    hass: HomeAssistant, context: Context, wish: str
) -> None:
    """Let through what an administrator asks, or an automation that one has made."""
    if not await may_see(hass, context):
        refuse("administrators_only", None, operation=wish)


async def may_see(hass: HomeAssistant, context: Context) -> bool:
    """Whether somebody may see all: an administrator, or an automation that one made."""
    if context.user_id is None:
        return True
    user = await hass.auth.async_get_user(context.user_id)
    return user is not None and user.is_admin


def fail_to_read(host: Host, reason: str, detail: str) -> NoReturn:
    """Tell whoever wanted to see something why he does not."""
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        # the other sentences of feeds speak of what is tried again, or to be reported
        translation_key=reason if reason == "proxy_forbids" else "reading_failed",
        translation_placeholders={
            "name": host.entry.title,
            "detail": host.redact(detail),
        },
    )


def fail(operation: Operation, detail: str) -> NoReturn:
    """Tell whoever waited that it did not go well."""
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="operation_failed",
        translation_placeholders={"operation": describe(operation), "detail": detail},
    )
