import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fastapi_chassis.app.membership import Membership
from fastapi_chassis.application import read_handler
from fastapi_chassis.domain import IntegrationEvent, UnavailableException
from fastapi_chassis.messaging import Consumer, InMemoryTransport, Receive, Subscribed, Subscription


class Sold(IntegrationEvent):
    pass


async def count(event: Sold) -> None:
    pass


def consumer() -> Consumer:
    return Consumer("shop.items", [read_handler(count)], scopes=asyncio.timeout)


class Late(InMemoryTransport):
    """Away for the first attempts."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)
        self.joined = asyncio.Event()
        self.left = asyncio.Event()

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        if self.faults:
            raise self.faults.pop(0)
        self.joined.set()
        return Leaving(await super().subscribe(subscription, receive), self.left.set)


class Leaving:
    def __init__(self, inner: Subscribed, say: Callable[[], object]) -> None:
        self.inner, self.say = inner, say

    async def stop(self) -> None:
        await self.inner.stop()
        self.say()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("fastapi_chassis.app.membership._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("fastapi_chassis.app.membership._LONGEST_PAUSE", 0.001)


async def within(awaited: Awaitable[object]) -> None:
    await asyncio.wait_for(awaited, 5)


async def test_it_joins_at_once_where_the_transport_is_there():
    transport = Late()
    member = Membership(consumer(), transport)
    await member.join()
    assert transport.joined.is_set()
    await member.leave()
    assert transport.left.is_set()


@pytest.mark.requirement("PLG-4")
async def test_it_joins_as_soon_as_the_transport_comes():
    transport = Late(UnavailableException("away"), UnavailableException("still"), OSError("odd"))
    member = Membership(consumer(), transport)
    await member.join()
    assert not transport.joined.is_set()
    await within(member.joined())
    assert transport.joined.is_set()
    await member.leave()
    assert transport.left.is_set()


async def test_what_is_wrong_for_good_is_raised():
    with pytest.raises(PermissionError):
        await Membership(consumer(), Late(PermissionError("not you"))).join()


async def test_leaving_ends_the_wait():
    member = Membership(consumer(), Late(*[UnavailableException("away")] * 1_000))
    await member.join()
    await member.leave()
    assert asyncio.all_tasks() == {asyncio.current_task()}
