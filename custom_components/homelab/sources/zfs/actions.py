"""What can be done to pools and datasets, and how much harm it can do."""

from ...action import Action, Risk
from .client import ZfsClient
from .facts import SCRUBS, DatasetFacts, PoolFacts
from .models import ScanState


def _scrub(facts: PoolFacts, *states: ScanState) -> bool:
    scan = facts.scan
    return scan is not None and scan.function in SCRUBS and scan.state in states


SCRUB_START = Action[PoolFacts](
    key="scrub_start",
    risk=Risk.ROUTINE,
    perform=ZfsClient.scrub_start,
    followed=True,
    wished=lambda pool: _scrub(pool, ScanState.RUNNING),
)
SCRUB_PAUSE = Action[PoolFacts](
    key="scrub_pause",
    risk=Risk.ROUTINE,
    perform=ZfsClient.scrub_pause,
    deadline=60,
    wished=lambda pool: _scrub(pool, ScanState.PAUSED),
)
SCRUB_STOP = Action[PoolFacts](
    key="scrub_stop",
    risk=Risk.ROUTINE,
    perform=ZfsClient.scrub_stop,
    deadline=60,
    wished=lambda pool: (
        not (pool.is_bare or _scrub(pool, ScanState.RUNNING, ScanState.PAUSED))
    ),
)
CLEAR_ERRORS = Action[PoolFacts](
    key="clear_errors",
    risk=Risk.DISRUPTIVE,
    perform=ZfsClient.clear_errors,
    deadline=60,
)
TRIM = Action[PoolFacts](
    key="trim", risk=Risk.ROUTINE, perform=ZfsClient.trim, deadline=60
)
SNAPSHOT = Action[DatasetFacts](
    key="snapshot", risk=Risk.ROUTINE, perform=ZfsClient.snapshot, deadline=60
)
