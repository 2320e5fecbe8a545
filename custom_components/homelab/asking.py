"""Who asked: a person, an automation, a script or the system, told by the context."""

from collections import OrderedDict

from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.components.script.const import EVENT_SCRIPT_STARTED
from homeassistant.const import ATTR_NAME
from homeassistant.core import Context, Event, HomeAssistant, callback

from .operation import Asker, AskerKind

REMEMBERED = 500


class Askers:
    """The latest contexts in which an automation or a script was started."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to what is started."""
        self._hass = hass
        self._started: OrderedDict[str, Asker] = OrderedDict()
        hass.bus.async_listen(EVENT_AUTOMATION_TRIGGERED, self._automation_triggered)
        hass.bus.async_listen(EVENT_SCRIPT_STARTED, self._script_started)

    @callback
    def _automation_triggered(self, event: Event) -> None:
        self._remember(event, AskerKind.AUTOMATION)

    @callback
    def _script_started(self, event: Event) -> None:
        self._remember(event, AskerKind.SCRIPT)

    def _remember(self, event: Event, kind: AskerKind) -> None:
        """Keep the first: what it starts in turn has the same context."""
        asker = Asker(
            kind=kind, user_id=event.context.user_id, name=event.data.get(ATTR_NAME)
        )
        self._started.setdefault(event.context.id, asker)
        while len(self._started) > REMEMBERED:
            self._started.popitem(last=False)

    async def identify(self, context: Context) -> Asker:
        """Say who is behind a context; a script that a person started is a script."""
        if started := self._started.get(context.id):
            return started
        if context.user_id is None or context.parent_id is not None:
            return Asker(kind=AskerKind.SYSTEM, user_id=context.user_id)
        user = await self._hass.auth.async_get_user(context.user_id)
        return Asker(
            kind=AskerKind.PERSON,
            user_id=context.user_id,
            name=user.name if user else None,
        )

    async def is_administrator(self, asker: Asker) -> bool:
        """Whether a person who asked may decide."""
        if asker.kind is not AskerKind.PERSON or asker.user_id is None:
            return False
        user = await self._hass.auth.async_get_user(asker.user_id)
        return user is not None and user.is_active and user.is_admin
