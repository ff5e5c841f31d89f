"""The rig catches what is wrong: eight planted mistakes, each of which real systems have made."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.testing import eventually
from tests.faults import mutants
from tests.faults.checker import Counts
from tests.faults.nemesis import HOUR, PATIENCE
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


async def counted(
    site: Site, mutant: str, point: str, action: str, *, kill_after: float = 0, times: int = TIMES
) -> Counts:
    async with open_run(site, Load(mutant=mutant)) as run:
        for _ in range(times):
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


async def test_keeping_after_the_ack_and_removing_before_writing_are_caught(site: Site) -> None:
    kept_after_ack, removed_first = await asyncio.gather(  # each on a database of its own
        counted(site, mutants.KEPT_AFTER_ACK, "Q1", "30", kill_after=1.2, times=1),
        counted(site, mutants.REMOVE_FIRST, "S3", KILL, times=1),
    )
    assert kept_after_ack.lost > 0
    assert removed_first.lost > 0


async def test_a_scheduler_that_goes_by_its_own_clock_is_caught(site: Site) -> None:
    async with open_run(site, Load(mutant=mutants.OWN_CLOCK)) as run:
        assert await run.turn_clocks(HOUR, within=PATIENCE)
        before = await run.committed()

        async def has_gone_on() -> bool:
            return await run.committed() > before + 200  # with forty messages that wait for their time

        await eventually(has_gone_on, within=90)
        counts = await run.finish(horizon=HORIZON)
    assert counts.early > 0
