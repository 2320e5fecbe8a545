"""One feed's coordinator: the only place where source errors become Home Assistant's."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
)
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .backoff import count, pause
from .const import DOMAIN, LOGGER, SECTION_POLLING
from .issues import report_identity
from .kind import HOST_KEY, OWN, Feed, ResourceKey, find_all
from .source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
    SourceError,
    WrongIdentity,
)

if TYPE_CHECKING:
    from .host import Host


class FeedCoordinator(DataUpdateCoordinator[Any]):
    """Reads one feed, follows it where it can be followed, and tells the host."""

    def __init__(self, hass: HomeAssistant, host: Host, feed: Feed[Any, Any]) -> None:
        pace = feed.interval
        seconds = host.option(SECTION_POLLING, pace.option, pace.default)
        super().__init__(
            hass,
            LOGGER,
            config_entry=host.entry,
            name=f"{feed.key} of {host.entry.title}",
            update_interval=timedelta(seconds=seconds) if feed.fetch else None,
            request_refresh_debouncer=Debouncer(
                hass, LOGGER, cooldown=0.3, immediate=True
            ),
            always_update=False,
        )
        self.host = host
        self.feed = feed
        self.pace = seconds
        self.silence = None if feed.fetch else 2 * seconds + feed.deadline
        # the kinds that the latest snapshot tells of, and what there is
        self.told: frozenset[str] = frozenset()
        self.facts: dict[ResourceKey, Any] = {}
        self.answered = self._complained = False
        self.duration: float | None = None
        self._failures = self._pushes = 0
        self._ending: SourceError | None = None
        self._shown: tuple[bool, dict[ResourceKey, Any]] = (True, {})

    def start(self) -> None:
        """Begin to read at its pace, and to follow."""
        self._shown = (self.last_update_success, self.facts)
        self.host.entry.async_on_unload(self.async_add_listener(self.publish))
        if self.feed.fetch and not self.answered:
            self.host.run(self.async_refresh(), f"{self.name} first read")
        if self.feed.follow:
            self.host.run(self._follow(self.feed.follow), f"{self.name} stream")

    @override
    async def _async_update_data(self) -> Any:
        begin = monotonic()
        is_main = self is self.host.main
        try:
            async with asyncio.timeout(self.feed.deadline):
                if not (is_main or self.host.contact.is_set()):
                    raise CannotConnect("the first feed has lost contact")
                await self.host.identify()
                if self.feed.fetch is None:
                    if self._ending:
                        raise self._ending
                    return self.data
                readers = self.host.publication.readers(self.feed)
                for _ in range(3):
                    pushes = self._pushes
                    data = await self.feed.fetch(self.host.source, *readers)
                    if pushes == self._pushes:
                        break
                else:
                    # what was pushed each time is newer than every answer
                    return self.data
        # what caused it is not passed on: a library's words may quote a secret
        except TimeoutError:
            kind = CannotConnect if is_main else BadAnswer
            late = kind(f"no answer in {self.feed.deadline:g} s", reason="too_slow")
            raise self._fail(late) from None
        except SourceError as error:
            raise self._fail(error) from None
        except Exception:  # noqa: BLE001 - a bug fails this feed only
            if not self.host.closed:  # else what it was read from was let go
                self.host.log_bug(f"Unexpected error while reading {self.name}")
            raise self._fail(BadAnswer("an unexpected error, see the log")) from None
        self.duration = monotonic() - begin
        self._take(data)
        return data

    @override
    def _async_refresh_finished(self) -> None:
        if self.last_update_success and self.feed.fetch:
            self.host.devices.count_reads(self)
        # the base class compares with what it knew before something was pushed
        self.publish()
        self.host.publication.changed([HOST_KEY], OWN)

    async def _follow(self, follow: Callable[[Any], AsyncGenerator[Any]]) -> None:
        """Publish what the stream brings; when it ends, ask whether contact is lost."""
        attempts, opened = 0, 0.0
        while True:
            if self.feed.fetch or self is not self.host.main:
                await self.host.contact.wait()
            ending: SourceError = CannotConnect("the stream ended")
            try:
                async with (
                    asyncio.timeout(self.silence) as limit,
                    aclosing(follow(self.host.source)) as stream,
                ):
                    opened = self.hass.loop.time()
                    async for data in stream:
                        self._push(data)
                        if self.silence:
                            limit.reschedule(self.hass.loop.time() + self.silence)
            except TimeoutError:
                ending = CannotConnect("silent for too long", reason="too_slow")
            except SourceError as error:
                ending = error
            except Exception:  # noqa: BLE001 - a bug ends this stream only
                self.host.log_bug(f"Following {self.name} stopped unexpectedly")
            self.host.verified = False  # whoever answers now may be somebody else
            self._ending = ending
            await self.host.main.async_refresh()
            if self is not self.host.main:
                await self.async_refresh()
            refused = isinstance(ending, AuthenticationFailed | WrongIdentity)
            if refused and not self.last_update_success:
                return
            attempts = count(attempts, self.hass.loop.time() - opened)
            self.host.reconnects += 1
            await asyncio.sleep(pause(attempts))

    @callback
    def _push(self, data: Any) -> None:
        """Take a followed snapshot; the next poll stays where it is."""
        if not self.host.verified or (self.feed.fetch and not self.last_update_success):
            # only a poll asks who it is that answers
            return
        self._pushes += 1
        healthy = self.last_update_success and self.answered
        news = data != self.data or not healthy
        self.data = data
        if news:
            self._take(data)
        self.host.devices.count_reads(self, removes=self.feed.removes)
        if news:
            self.publish()

    @callback
    def _take(self, data: Any) -> None:
        """Find every resource in a new snapshot; contact is there."""
        if self._complained:
            LOGGER.info("Reading %s works again", self.name)
        self._complained = False
        self.answered = True
        self._ending = None
        self._failures = 0
        # set here, so that the base class neither logs nor forgets to publish it
        self.last_update_success = True
        self.told, self.facts = find_all(self.host.kinds.values(), self.feed.key, data)
        if self is self.host.main and not self.host.contact.is_set():
            self.host.contact.set()
            for feed in self.host.feeds.values():
                if not feed.last_update_success:
                    self.host.run(feed.async_refresh(), f"{feed.name} again")

    @callback
    def _fail(self, error: SourceError) -> HomeAssistantError:
        """Say once that something is wrong; return what Home Assistant understands."""
        detail = self.host.redact(str(error))
        entry = self.host.entry
        loaded = entry.state is ConfigEntryState.LOADED and not self.host.closed
        news = loaded and self.last_update_success
        self.last_update_success = False
        is_main, lost = self is self.host.main, not isinstance(error, BadAnswer)
        if lost and self.feed.fetch:
            self.host.verified = False
        if lost and is_main:
            self.host.contact.clear()
        if lost and loaded and not is_main:
            self.host.run(self._ask_main(detail, news), f"{self.name} lost")
        elif news:
            self._complain(detail)
        self._failures += 1
        sentence: dict[str, Any] = {
            "translation_domain": DOMAIN,
            "translation_key": error.reason,
            "translation_placeholders": {"name": entry.title, "detail": detail},
        }
        match error:
            case AuthenticationFailed():
                return ConfigEntryAuthFailed(**sentence)
            case WrongIdentity():
                report_identity(self.hass, entry, error, detail)
                if loaded:
                    self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return ConfigEntryError(**sentence)
            case BadAnswer():
                return UpdateFailed(**sentence)
        # what is asked rarely is asked again rarely
        wait = pause(self._failures, 0 if is_main else self.pace / 10)
        return UpdateFailed(retry_after=wait, **sentence)

    def _complain(self, detail: str) -> None:
        LOGGER.warning("Reading %s failed: %s", self.name, detail)
        self._complained = True

    async def _ask_main(self, detail: str, news: bool) -> None:
        """Of lost contact the first feed speaks; others only when it has none to tell."""
        if self.host.contact.is_set():
            await self.host.main.async_refresh()
        if news and self.host.contact.is_set() and not self.last_update_success:
            self._complain(detail)

    @callback
    def publish(self) -> None:
        """Tell the host which resources look different now."""
        (worked, before), after = self._shown, self.facts
        self._shown = (self.last_update_success, after)
        if worked != self.last_update_success:
            # some entities of every resource may read this feed
            self.host.publication.changed([*after, *self.host.publication.entities])
        else:
            self.host.publication.changed(
                [k for k in {**after, **before} if before.get(k) != after.get(k)],
                self.feed.key,
            )
