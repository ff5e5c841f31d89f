"""No connection is lost, whatever happens to a request."""

import asyncio
import random
from contextlib import suppress

import pytest

from fastapi_chassis.domain import AppException
from fastapi_chassis.testing import eventually
from tests.integration.plugins.sqlalchemy.accounts import (
    Account,
    accounts_at,
    add,
    checked_out,
    count,
    repository,
)


async def request(store, number: int) -> None:
    async with store.unit_of_work() as work:
        accounts = repository(store, work)
        await accounts.find(balance__gte=0, limit=5)
        await accounts.add(Account(email=f"{number}@example.com"))
        await accounts.upsert(Account(email=f"{number}@example.org"))
        async for _ in accounts.stream():
            break
        if number % 3 == 0:
            raise LookupError
        if number % 3 == 1:
            await accounts.add(Account(email="taken@example.com"))
        await work.commit()


@pytest.mark.requirement("REP-5")
async def test_a_thousand_requests_that_fail_or_are_cancelled_leave_no_connection_behind(url):
    dice = random.Random(1)

    async def client(number: int) -> None:
        # the patience of most clients ends somewhere within their request
        with suppress(LookupError, AppException, TimeoutError):
            await asyncio.wait_for(request(store, number), dice.expovariate(50))

    async with accounts_at(url, pool_size=5, max_overflow=5, pool_timeout=10) as store:
        await add(store, Account(email="taken@example.com"))
        for start in range(0, 1_000, 20):
            await asyncio.gather(*(client(number) for number in range(start, start + 20)))
        await eventually(lambda: not checked_out(store))  # streams that were left end in tasks of their own
        before = await count(store)
        await add(store, Account(email="last@example.com"))
        assert await count(store) == before + 1


async def test_a_stream_that_is_left_early_gives_its_connection_back(url):
    async with accounts_at(url) as store:
        await add(store, *(Account(email=f"{number}") for number in range(1_200)))
        accounts = repository(store, store.unit_of_work())
        stream = accounts.stream(order=("email",))
        assert (await anext(stream)).email == "0"
        assert checked_out(store) == 1
        await stream.aclose()
        assert checked_out(store) == 0
        assert len([one async for one in accounts.stream()]) == 1_200


@pytest.mark.requirement("DOM-5")
async def test_work_without_statements_takes_no_connection(url):
    async with accounts_at(url) as store, store.unit_of_work() as work:
        assert checked_out(store) == 0
        assert await repository(store, work).count() == 0
        assert checked_out(store) == 0
        await work.commit()


async def test_handlers_may_gather_within_a_transaction(url):
    async with accounts_at(url) as store, store.unit_of_work() as work:
        accounts = repository(store, work)
        await asyncio.gather(*(accounts.add(Account(email=f"{number}")) for number in range(10)))
        assert await asyncio.gather(*(accounts.count() for _ in range(5))) == [10] * 5
        await work.commit()
