"""Of many callers one works."""

import asyncio

import pytest

from fastapi_chassis.caching.single_flight import SingleFlight


class Work:
    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        await self.may_end.wait()
        return mine


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def work() -> Work:
    return Work()


async def test_callers_at_once_share_one_run(work: Work) -> None:
    flights = SingleFlight[int]()
    tasks = [asyncio.create_task(flights.run("key", work)) for _ in range(1_000)]
    other = asyncio.create_task(flights.run("other", work))
    await settled()
    assert (work.begun, flights.is_running("key"), flights.is_running("nobody")) == (2, True, False)
    work.may_end.set()
    assert await asyncio.gather(*tasks) == [1] * 1_000
    assert await other == 2
    assert not flights.is_running("key")
    assert await flights.run("key", work) == 3


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    flights = SingleFlight[int]()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError

    outcomes = await asyncio.gather(*(flights.run("key", fail) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [LookupError] * 5
    assert not flights.is_running("key")


async def test_where_the_one_who_works_is_cancelled_another_begins(work: Work) -> None:
    flights = SingleFlight[int]()
    tasks = [asyncio.create_task(flights.run("key", work)) for _ in range(3)]
    await settled()
    tasks[0].cancel()
    await settled()
    assert work.begun == 2
    work.may_end.set()
    assert (await tasks[1], await tasks[2], tasks[0].cancelled()) == (2, 2, True)


async def test_who_waits_may_leave_without_harm(work: Work) -> None:
    flights = SingleFlight[int]()
    tasks = [asyncio.create_task(flights.run("key", work)) for _ in range(3)]
    await settled()
    tasks[1].cancel()
    await settled()
    work.may_end.set()
    assert (await tasks[0], await tasks[2], work.begun) == (1, 1, 1)


@pytest.mark.parametrize(("keys", "tags"), [(["key"], []), ([], ["tag"]), (["key"], ["tag"])])
async def test_what_is_forgotten_is_begun_anew_by_later_callers(
    work: Work, keys: list[str], tags: list[str]
) -> None:
    flights = SingleFlight[int]()
    first = asyncio.create_task(flights.run("key", work, tags=["tag"]))
    await settled()
    flights.forget(["other"], ["other"])
    assert flights.is_running("key")
    flights.forget(keys, tags)
    assert not flights.is_running("key")
    later = [asyncio.create_task(flights.run("key", work, tags=["tag"])) for _ in range(2)]
    await settled()
    work.may_end.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2, 2]
    assert not flights.is_running("key")
