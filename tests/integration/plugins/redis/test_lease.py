"""A stream has one reader, and who lost the lease or has it written anew reads nothing with the old one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.redis.lease import Leases
from tests.integration.plugins.redis.road import RedisRoad, travel

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-4")]


@pytest.fixture
async def road(valkey_url: str) -> AsyncIterator[RedisRoad]:
    async with travel(valkey_url, lease=1) as road:
        yield road


async def test_one_member_has_it_until_it_gives_it_back(road: RedisRoad) -> None:
    first, second = (Leases(road.broker.streams, road.group, name * 32) for name in "ab")
    lease, other = first.of(0), second.of(0)
    assert await first.take(lease)
    assert not await second.take(other)
    assert lease.holds
    assert not other.holds
    await first.give_back(lease)
    assert await second.take(other)


async def test_it_ends_by_itself_and_is_lost_for_who_was_silent(road: RedisRoad) -> None:
    first, second = (Leases(road.broker.streams, road.group, name * 32) for name in "ab")
    lease, other = first.of(0), second.of(0)
    assert await first.take(lease)
    assert await first.renew([lease]) == []
    async with asyncio.timeout(20):
        while not await second.take(other):
            await asyncio.sleep(0.1)
    assert not lease.holds
    assert await first.renew([lease]) == [lease]


async def test_renewed_it_does_not_end(road: RedisRoad) -> None:
    first, second = (Leases(road.broker.streams, road.group, name * 32) for name in "ab")
    lease = first.of(0)
    assert await first.take(lease)
    for _ in range(8):
        await asyncio.sleep(0.2)
        assert await first.renew([lease]) == []
    assert not await second.take(second.of(0))


async def test_a_member_has_it_written_anew_with_another_token(road: RedisRoad) -> None:
    leases = Leases(road.broker.streams, road.group, "a" * 32)
    lease = leases.of(0)
    assert await leases.take(lease)
    before = lease.token
    assert await leases.take(lease)
    assert lease.token != before


async def test_without_the_server_it_is_unavailable(road: RedisRoad) -> None:
    leases = Leases(road.broker.streams, road.group, "a" * 32)
    await road.broker.publishing.close()
    with pytest.raises(UnavailableException):
        await leases.take(leases.of(0))
    road.broker.publishing.open()
