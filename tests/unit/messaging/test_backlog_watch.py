"""The watch looks while something measures, and outlives a store that is away."""

import asyncio

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Backlog, OutboxMeter
from fastapi_chassis.messaging.backlog_watch import BacklogWatch
from fastapi_chassis.testing import eventually
from tests.measures import Measures, measured

NAME = "chassis.outbox.backlog"


class Outbox:
    def __init__(self, *answers: Backlog | Exception) -> None:
        self.answers = list(answers)
        self.looks = 0

    async def backlog(self) -> Backlog:
        self.looks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.requirement("MSG-13")
async def test_what_waits_is_shown_until_the_end() -> None:
    measures, outbox = Measures(), Outbox(Backlog(4), Backlog(2))
    watch = BacklogWatch(outbox.backlog, OutboxMeter("sql", measures.provider), 0.01)
    async with watch.running():
        await eventually(lambda: measures.total(NAME) == 2)
    looks = outbox.looks
    await asyncio.sleep(0.05)
    assert outbox.looks == looks


async def test_after_a_failure_the_next_look_is_made(caplog: pytest.LogCaptureFixture) -> None:
    measures = Measures()
    outbox = Outbox(UnavailableException("away"), RuntimeError("what?"), Backlog(1))
    watch = BacklogWatch(outbox.backlog, OutboxMeter("sql", measures.provider), 0.01)
    async with watch.running():
        await eventually(lambda: measures.total(NAME) == 1)
    assert "could not be counted" in caplog.text


async def test_while_the_store_is_away_the_last_look_is_shown() -> None:
    measures, outbox = Measures(), Outbox(Backlog(4), UnavailableException("away"))
    watch = BacklogWatch(outbox.backlog, OutboxMeter("sql", measures.provider), 0.01)
    async with watch.running():
        await eventually(lambda: outbox.looks > 2)
        assert measures.total(NAME) == 4


async def test_without_an_sdk_the_store_is_asked_nothing_until_there_is_one() -> None:
    outbox = Outbox(Backlog(4))
    async with BacklogWatch(outbox.backlog, OutboxMeter("sql"), 0.01).running():
        await asyncio.sleep(0.1)
        assert outbox.looks == 0
        with measured() as measures:
            await eventually(lambda: measures.total(NAME) == 4)
