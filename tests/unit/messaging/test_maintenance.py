import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from fastapi_chassis.messaging import InboxConfig, InboxPurge
from fastapi_chassis.testing import eventually


class Inbox:
    def __init__(self, rows: int, fault: Exception | None = None) -> None:
        self.rows = rows
        self.limits: list[int] = []
        self.faults = [fault] if fault else []

    async def accept(self, consumer: str, message_id: UUID) -> bool:
        raise NotImplementedError

    async def purge(self, older_than: timedelta, *, limit: int) -> int:
        if self.faults:
            raise self.faults.pop()
        assert older_than == timedelta(hours=1)
        self.limits.append(limit)
        gone = min(limit, self.rows)
        self.rows -= gone
        return gone


CONFIG = InboxConfig(window=3600, purge_interval=0.01, purge_batch=10, purge_batches=3)


@pytest.mark.requirement("MSG-13")
async def test_a_round_forgets_in_bounded_steps_and_ends_when_nothing_is_left() -> None:
    inbox = Inbox(25)
    assert await InboxPurge(inbox, CONFIG).purge() == 25
    assert inbox.limits == [10, 10, 10]
    assert await InboxPurge(inbox, CONFIG).purge() == 0
    assert len(inbox.limits) == 4


@pytest.mark.requirement("MSG-13")
async def test_a_round_has_an_end_also_where_more_is_left() -> None:
    inbox = Inbox(1_000)
    assert await InboxPurge(inbox, CONFIG).purge() == 30


async def test_it_runs_on_its_timer_and_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(25, RuntimeError("away"))
    async with InboxPurge(inbox, CONFIG).running():
        await eventually(lambda: not inbox.rows)
    assert "the inbox was not purged" in caplog.text
    calls = len(inbox.limits)
    await asyncio.sleep(0.03)
    assert len(inbox.limits) == calls
