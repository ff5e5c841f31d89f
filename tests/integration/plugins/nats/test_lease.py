"""A lease is one member's, until it is given back or the server's clock ends it."""

import asyncio

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.nats.lease import Leases
from fastapi_chassis.plugins.nats.wire import Wire
from tests.integration.plugins.nats.conftest import NatsRoad

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


@pytest.fixture
async def wire(road: NatsRoad) -> Wire:
    return await road.broker.consuming.wire()


@pytest.fixture
def two() -> tuple[Leases, Leases]:
    group = f"käse.{new_id()}"
    return Leases(group, "ann", 2), Leases(group, "bob", 2)


async def test_of_many_who_want_it_one_gets_it(wire: Wire) -> None:
    group = f"group.{new_id()}"
    taken = await asyncio.gather(*(Leases(group, str(one), 2).take(wire, 0) for one in range(10)))
    assert len([one for one in taken if one is not None]) == 1


async def test_renewed_it_lasts_and_left_alone_it_ends(wire: Wire, two: tuple[Leases, Leases]) -> None:
    ann, bob = two
    lease = await ann.take(wire, 3)
    assert lease is not None
    for _ in range(6):
        await asyncio.sleep(0.5)
        assert await ann.renew(wire, lease)
        assert lease.holds
        assert await bob.take(wire, 3) is None
    async with asyncio.timeout(6):
        while (others := await bob.take(wire, 3)) is None:
            await asyncio.sleep(0.05)
    assert not lease.holds, "it ended for the server before it ended here"
    assert not await ann.renew(wire, lease)
    assert others.holds


async def test_given_back_it_is_free_at_once(wire: Wire, two: tuple[Leases, Leases]) -> None:
    ann, bob = two
    lease = await ann.take(wire, 0)
    assert lease is not None
    await asyncio.gather(ann.renew(wire, lease), ann.give_back(wire, lease), ann.renew(wire, lease))
    assert not lease.holds
    assert await bob.take(wire, 0) is not None
    await ann.give_back(wire, lease)  # late, and of no effect
    assert await ann.take(wire, 0) is None


async def test_a_renewal_whose_confirmation_was_lost_counts(wire: Wire, two: tuple[Leases, Leases]) -> None:
    ann, _ = two
    lease = await ann.take(wire, 0)
    assert lease is not None
    known = lease.sequence
    assert await ann.renew(wire, lease)
    lease.sequence = known  # as if the answer had not come
    assert await ann.renew(wire, lease)
    assert lease.holds
