"""The rig catches what is wrong: five planted mistakes, each of which real systems have made."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from tests.faults import mutants
from tests.faults.checker import Counts
from tests.faults.points import KILL
from tests.faults.rig import Load, Run, Site, open_run, open_site

pytestmark = [pytest.mark.backends("postgresql", "nats"), pytest.mark.timeout(300)]

TIMES = 3
HORIZON = 5.0  # seconds: what is lost here will not come


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site("nats") as site:
        yield site


async def struck(run: Run, point: str, action: str) -> int:
    pid = await run.arms.strike(point, action, within=60)
    assert pid is not None, f"nobody came by {point}"
    return pid


async def counted(site: Site, mutant: str, point: str, action: str, *, kill_after: float = 0) -> Counts:
    async with open_run(site, Load(mutant=mutant)) as run:
        for _ in range(TIMES):
            pid = await struck(run, point, action)
            await asyncio.sleep(1.2)
            if kill_after:
                os.kill(pid, signal.SIGKILL)
        counts = await run.finish(horizon=HORIZON)
        assert not run.crashes
        return counts


@pytest.mark.requirement("MISTAKE-6")
async def test_a_cursor_that_passes_what_commits_late_is_caught(site: Site) -> None:
    counts = await counted(site, mutants.CURSOR, "W2", "1.0")
    assert counts.lost > 0


async def test_marking_before_publishing_is_caught(site: Site) -> None:
    counts = await counted(site, mutants.MARK_FIRST, "R2", KILL)
    assert counts.lost > 0


async def test_acknowledging_before_the_commit_is_caught(site: Site) -> None:
    counts = await counted(site, mutants.ACK_BEFORE_COMMIT, "K2", "30", kill_after=1.2)
    assert counts.lost > 0


async def test_a_consumer_without_inbox_is_caught(site: Site) -> None:
    counts = await counted(site, mutants.NO_INBOX, "K5", KILL)
    assert counts.duplicated > 0
    assert counts.lost == 0


async def test_relays_that_lease_rows_instead_of_keys_are_caught(site: Site) -> None:
    counts = await counted(site, mutants.SKIP_LOCKED, "leased", "1.0")
    assert counts.inversions > 0
