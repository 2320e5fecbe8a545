"""The menu of sources, and the way through the pages that each of them brings."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback

from .const import CONF_SOURCE, DOMAIN
from .form import Candidate, Step
from .options_flow import HomelabOptionsFlow
from .source import SourceError, redacted
from .sources import async_import_source_type, source_keys

type Answers = dict[str, Any]
REAUTH_CONFIRM = "reauth_confirm"


class HomelabConfigFlow(ConfigFlow, domain=DOMAIN):
    """One flow for every source; the pages are tables in the sources' folders."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Nothing is answered yet."""
        self._pages: dict[str, Step] = {}
        self._secrets: frozenset[str] = frozenset()
        self._answers: Answers = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Offer the options."""
        return HomelabOptionsFlow()

    @override
    async def async_step_user(
        self, user_input: Answers | None = None
    ) -> ConfigFlowResult:
        """Ask what to connect."""
        if not source_keys():
            return self.async_abort(reason="no_sources")
        return self.async_show_menu(step_id="user", menu_options=source_keys())

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask for new credentials."""
        return await self._start(entry_data, REAUTH_CONFIRM)

    async def async_step_reconfigure(
        self, user_input: Answers | None = None
    ) -> ConfigFlowResult:
        """Walk through the source's pages again, with what is known filled in."""
        data = self._get_reconfigure_entry().data
        return await self._start(data, data.get(CONF_SOURCE, ""))

    def __getattr__(self, name: str) -> Callable[..., Awaitable[ConfigFlowResult]]:
        """Find a source's page: Home Assistant looks steps up by their names."""
        key = name.removeprefix("async_step_")
        if key == name or key not in (*source_keys(), *self._pages):
            raise AttributeError(name)
        return partial(self._async_step, key)

    async def _start(self, data: Mapping[str, Any], key: str) -> ConfigFlowResult:
        if data.get(CONF_SOURCE) not in source_keys():
            return self.async_abort(reason="unknown_source")
        self._answers = dict(data)
        await self._choose(data[CONF_SOURCE])
        return await self._async_step(key)

    async def _choose(self, key: str) -> None:
        source_type = await async_import_source_type(self.hass, key)
        self._answers[CONF_SOURCE] = key
        self._secrets = source_type.secrets
        self._pages = {page.key: page for page in source_type.form}

    async def _async_step(
        self, key: str, user_input: Answers | None = None
    ) -> ConfigFlowResult:
        """Show a page, or take its answers and go where they lead."""
        if not self._pages:
            await self._choose(key)
        page, detail = self._pages[key], ""
        errors = {}
        if user_input is None and page.prepare:
            await page.prepare(self._answers)
        if user_input is not None:
            self._take(page, user_input)
            try:
                result = await page.submit(self.hass, self._answers)
            except SourceError as error:
                page = self._page_of(error.field, page)
                errors[error.field] = error.reason
                detail = str(error)
            else:
                if isinstance(result, Candidate):
                    return await self._finish(result)
                return await self._async_step(result)
        known = {
            name: value
            for name, value in self._answers.items()
            if name not in self._secrets
        }
        return self.async_show_form(
            step_id=page.key,
            data_schema=self.add_suggested_values_to_schema(
                page.schema(self._answers), known
            ),
            errors=errors,
            description_placeholders={
                "detail": redacted(detail, self._answers, self._secrets),
                **page.placeholders(self._answers),
            },
        )

    def _take(self, page: Step, user_input: Answers) -> None:
        """Keep what was answered; fields that are empty are not sent."""
        if page.key != REAUTH_CONFIRM:
            for field in page.schema(self._answers).schema:
                if field not in user_input and field not in self._secrets:
                    self._answers.pop(str(field), None)
        self._answers |= {
            name: value
            for name, value in user_input.items()
            # forms never show a secret: one left blank is one left as it is
            if value or name not in self._secrets or name not in self._answers
        }

    def _page_of(self, field: str, page: Step) -> Step:
        """Return the page that asks for a field, so that it can be mended there."""

        def asks(step: Step) -> bool:
            return field in {str(each) for each in step.schema(self._answers).schema}

        if field == "base" or asks(page):
            return page
        return next((each for each in self._pages.values() if asks(each)), page)

    async def _finish(self, candidate: Candidate) -> ConfigFlowResult:
        """Make the entry, or change the one that this flow is about."""
        data = {**candidate.data, CONF_SOURCE: self._answers[CONF_SOURCE]}
        # another flow may be about the same machine, such as one for new credentials
        await self.async_set_unique_id(candidate.identity, raise_on_progress=False)
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_mismatch(reason="wrong_identity")
            entry = (
                self._get_reauth_entry()
                if self.source == SOURCE_REAUTH
                else self._get_reconfigure_entry()
            )
            # an entry that was given a name of its own keeps it
            own = entry.title != entry.data.get(CONF_NAME)
            return self.async_update_reload_and_abort(
                entry, title=entry.title if own else candidate.title, data=data
            )
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=candidate.title,
            data=data,
            description=data[CONF_SOURCE] if candidate.notes else None,
            description_placeholders=candidate.notes,
        )
