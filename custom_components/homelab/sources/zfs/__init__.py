"""ZFS hosts: pools, their vdevs and disks, and their datasets, over one SSH session."""

from collections.abc import Mapping
from typing import Any

import probatio

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
)

from ...const import SECTION_POLLING
from ...kind import Feed, Interval, SourceType
from ...looking import Live
from .client import ZfsClient
from .datasets import DEFAULT
from .entities import DATASETS, DISKS, RATES
from .form import FORM, SECRETS, connect, place
from .kinds import KINDS, POOLS
from .memory import memory_at
from .shell import rest_at

SECTION = "zfs"
IOSTAT = Interval(option="iostat_interval", default=10, minimum=5, maximum=60)


async def _open(
    _: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any]
) -> ZfsClient:
    own = options.get(SECTION, {})
    return ZfsClient(
        connect(data),
        interval=options.get(SECTION_POLLING, {}).get(IOSTAT.option, IOSTAT.default),
        datasets=own.get("datasets", DEFAULT),
        sleep_aware=own.get("sleep_aware", True),
        rest=rest_at(place(data)),
        memory=memory_at(place(data)),
    )


SOURCE = SourceType[ZfsClient](
    key="zfs",
    open=_open,
    feeds=(
        Feed(
            key=POOLS,
            interval=Interval(
                option="status_interval", default=60, minimum=10, maximum=3600
            ),
            fetch=ZfsClient.pools,
            follow=ZfsClient.wakings,
            # a login and every command that may be slow, one after the other
            deadline=180,
        ),
        Feed(key=RATES, interval=IOSTAT, follow=ZfsClient.follow, deadline=120),
        Feed(
            key=DATASETS,
            interval=Interval(
                option="dataset_interval", default=300, minimum=60, maximum=86400
            ),
            fetch=ZfsClient.datasets,
            follow=ZfsClient.dataset_wakings,
            sparing=True,
            deadline=600,
        ),
        Feed(
            key=DISKS,
            interval=Interval(
                option="smart_interval", default=3600, minimum=600, maximum=86400
            ),
            fetch=ZfsClient.disks,
            sparing=True,
            deadline=900,
        ),
    ),
    kinds=KINDS,
    form=FORM,
    secrets=SECRETS,
    live=(Live(key="zfs", kind="pool", rows="pools", follow=ZfsClient.watch),),
    wake=ZfsClient.wake,
    options={
        SECTION: {
            probatio.Required("datasets", default=[*DEFAULT]): TextSelector(
                TextSelectorConfig(multiple=True)
            ),
            probatio.Required("sleep_aware", default=True): BooleanSelector(),
        }
    },
)
