"""Who asked: a person, an automation, a script or the system, told by the context."""

from collections import OrderedDict

from homeassistant.auth.models import User
from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.components.script.const import EVENT_SCRIPT_STARTED
from homeassistant.const import ATTR_NAME
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.util.ulid import ulid_now

from .operation import Asker, AskerKind

REMEMBERED = 500


class Askers:
    """The latest contexts in which an automation or a script was started."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to what is started."""
        self._hass = hass
        self._started: OrderedDict[str, Asker] = OrderedDict()
        # contexts up to this one may have been started by something forgotten since:
        # their ids are ordered by time
        self._forgotten = ""
        hass.bus.async_listen(EVENT_AUTOMATION_TRIGGERED, self._automation_triggered)
        hass.bus.async_listen(EVENT_SCRIPT_STARTED, self._script_started)

    @callback
    def _automation_triggered(self, event: Event) -> None:
        name = event.data.get(ATTR_NAME)
        self.remember(event.context, AskerKind.AUTOMATION, name)

    @callback
    def _script_started(self, event: Event) -> None:
        self.remember(event.context, AskerKind.SCRIPT, event.data.get(ATTR_NAME))

    @callback
    def remember(self, context: Context, kind: AskerKind, name: str | None) -> None:
        """Keep who is behind a context; our own tools say it of an assistant's.

        The first stays: what it starts in turn has the same context.
        """
        asker = Asker(kind=kind, user_id=context.user_id, name=name)
        self._started.setdefault(context.id, asker)
        while len(self._started) > REMEMBERED:
            self._forgotten = max(self._forgotten, self._started.popitem(last=False)[0])

    async def identify(self, context: Context) -> Asker:
        """Say who is behind a context; a script that a person started is a script."""
        if started := self._started.get(context.id):
            return started
        nobody = Asker(kind=AskerKind.SYSTEM, user_id=context.user_id)
        if context.user_id is None or context.parent_id is not None:
            return nobody
        if context.id <= self._forgotten <= ulid_now():
            return nobody
        user = await self._hass.auth.async_get_user(context.user_id)
        if user is None or user.system_generated:
            return nobody
        return Asker(kind=AskerKind.PERSON, user_id=user.id, name=user.name)

    async def find_person(self, context: Context) -> User | None:
        """Return the person behind a context: nobody else ever decides."""
        asker = await self.identify(context)
        if asker.kind is not AskerKind.PERSON or asker.user_id is None:
            return None
        return await self._hass.auth.async_get_user(asker.user_id)
