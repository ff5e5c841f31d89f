import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from fastapi_chassis.messaging import LazyConnection, RetryConfig
from fastapi_chassis.testing import eventually

pytestmark = pytest.mark.requirement("MSG-6")


class Line:
    """A telephone line: it stands from when somebody lifts the receiver until it is cut or hung up."""

    def __init__(self) -> None:
        self.is_open = False
        self.is_cut = self.is_closed = False

    def abort(self) -> None:
        self.is_open, self.is_cut = False, True

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.is_open, self.is_closed = False, True


class Exchange:
    """Where lines end: counts them, and may be out of order."""

    def __init__(self, retry: RetryConfig | None = None) -> None:
        self.lines: list[Line] = []
        self.attempts: list[float] = []
        self.faults: list[Exception] = []
        self.is_silent = False
        retry = retry or RetryConfig(base=0.001, cap=0.001)
        self.connection = LazyConnection("test", self._line, self._connect, retry)

    def _line(self) -> Line:
        self.lines.append(Line())
        return self.lines[-1]

    async def _connect(self, line: Line) -> None:
        self.attempts.append(monotonic())
        await asyncio.sleep(60 if self.is_silent else 0.01)
        if self.faults:
            raise self.faults.pop(0)
        line.is_open = True

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[LazyConnection[Line]]:
        self.connection.open()
        yield self.connection
        await self.connection.close()


async def test_it_connects_with_its_first_use_and_once_for_all() -> None:
    exchange = Exchange()
    async with exchange.opened() as connection:
        assert exchange.lines == []
        found = await asyncio.gather(*(connection.connected() for _ in range(10)))
        assert found == [await connection.connected()] * 10 == exchange.lines * 10
    assert exchange.lines[0].is_closed
    assert not exchange.lines[0].is_cut


async def test_closed_it_connects_no_more_and_can_be_opened_again() -> None:
    exchange = Exchange()
    for _ in range(2):
        with pytest.raises(ConnectionError, match="closed"):
            await exchange.connection.connected()
        async with exchange.opened() as connection:
            await connection.connected()
    assert len(exchange.lines) == 2


async def test_what_was_lost_is_cut_and_another_takes_its_place() -> None:
    exchange = Exchange()
    async with exchange.opened() as connection:
        lost = await connection.connected()
        lost.is_open = False
        assert await connection.connected() is not lost
        await eventually(lambda: lost.is_closed)
        assert lost.is_cut


async def test_what_was_dropped_is_used_no_more() -> None:
    exchange = Exchange()
    async with exchange.opened() as connection:
        first = await connection.connected()
        connection.drop(first)
        assert connection.wire is None
        second = await connection.connected()
        connection.drop(first)  # once more, and too late
        assert connection.wire is second
        assert await connection.connected() is second


async def test_a_failure_is_told_to_all_who_wait_and_the_next_attempt_may_work() -> None:
    exchange = Exchange()
    exchange.faults.append(OSError("refused"))
    async with exchange.opened() as connection:
        told = await asyncio.gather(*(connection.connected() for _ in range(3)), return_exceptions=True)
        assert [str(one) for one in told] == ["refused"] * 3
        assert exchange.lines[0].is_cut
        assert (await connection.connected()).is_open
        assert len(exchange.attempts) == 2


async def test_after_failures_attempts_come_at_intervals() -> None:
    exchange = Exchange(RetryConfig(base=0.2, cap=0.2))
    async with exchange.opened() as connection:
        for _ in range(10):
            exchange.faults.append(OSError("refused"))
            with pytest.raises(OSError, match="refused"):
                await connection.connected()
        assert exchange.attempts[-1] - exchange.attempts[0] > 0.3  # without them 0.1


async def test_who_is_cancelled_disturbs_nobody() -> None:
    exchange = Exchange()
    async with exchange.opened() as connection:
        leaving, staying = (asyncio.create_task(connection.connected()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).is_open
        assert leaving.cancelled()


async def test_to_close_ends_an_attempt_that_is_under_way() -> None:
    exchange = Exchange()
    exchange.is_silent = True
    async with exchange.opened() as connection:
        waiting = asyncio.create_task(connection.connected())
        await eventually(lambda: len(exchange.attempts) == 1)
        async with asyncio.timeout(10):
            await connection.close()
        await asyncio.gather(waiting, return_exceptions=True)
    assert exchange.lines[0].is_closed
