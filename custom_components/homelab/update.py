"""Updates."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.update import UpdateEntity, UpdateEntityFeature

from .const import OPERATIONS
from .entity import HomelabEntity, add_platform
from .kind import Release, UpdateDescription

PARALLEL_UPDATES = 0  # operations take care of one at a time per resource


class HomelabUpdate(HomelabEntity[UpdateDescription[Any]], UpdateEntity):
    """An update of one resource; what differs is newer: digests have no order."""

    _unrecorded_attributes = frozenset()

    @override
    def _value(self, facts: Any) -> Release | None:
        release: Release | None = super()._value(facts)
        if release is None or self.description.install is None:
            return release
        action = self.description.install.key
        subject = (self.host.entry.entry_id, *self.key)
        runs, percentage = self.hass.data[OPERATIONS].progress.of(subject, action)
        if not runs:
            return release
        return replace(release, in_progress=True, percentage=percentage)

    @override
    def _apply(self, value: Release | None) -> None:
        release = value or Release(installed=None, latest=None)
        self._attr_installed_version = release.installed
        self._attr_latest_version = release.latest
        self._attr_title = release.title
        self._attr_release_summary = release.summary
        self._attr_release_url = release.url
        self._attr_in_progress = release.in_progress
        self._attr_update_percentage = release.percentage
        self._attr_supported_features = UpdateEntityFeature.PROGRESS
        if self.description.install:
            self._attr_supported_features |= UpdateEntityFeature.INSTALL

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        return latest_version != installed_version

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Ask for the installation; Home Assistant calls it only with the feature."""
        if TYPE_CHECKING:
            assert self.description.install
        await self._act(self.description.install)


async_setup_entry = partial(add_platform, UpdateDescription, HomelabUpdate)
