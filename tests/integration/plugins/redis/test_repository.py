"""What only Redis does: entities that end by themselves; and what it leaves behind, which is nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepository, TransactionRequiredError
from fastapi_chassis.domain import BaseAggregate, NotFoundException, ValidationException, new_id
from fastapi_chassis.plugins.redis import RedisClient, RedisRepository, RedisStore

pytestmark = pytest.mark.backends("valkey")

SHORT, LONG = timedelta(seconds=0.2), timedelta(hours=1)


class Cart(BaseAggregate):
    owner: str
    items: list[str] | None = None


class CartRepository(RedisRepository[Cart, UUID]):
    """Carts, each of one owner."""

    unique = (("owner",),)


class ShortCartRepository(AbstractRepository[Cart, UUID]):
    """Knows nothing of Redis but how long a cart is good."""

    unique = (("owner",),)
    ttl = SHORT


@asynccontextmanager
async def carts_of(client: RedisClient, repository: type = CartRepository) -> AsyncIterator[CartRepository]:
    store = RedisStore(client)
    filled = store.repository(repository)
    async with store.unit_of_work() as work:
        yield cast("CartRepository", filled(work))
        await work.commit()


async def keys_of(client: RedisClient) -> set[str]:
    return {key.partition("}:")[2].partition(":")[2].partition(":")[0] async for key in client.scan()}


@pytest.mark.requirement("REP-8")
async def test_an_entity_ends_with_its_time_and_leaves_nothing(client: RedisClient) -> None:
    cart = Cart(owner="ada")
    async with carts_of(client, ShortCartRepository) as carts:
        await carts.add(cart)
        left = await carts.time_left(cart.id)
    async with carts_of(client, ShortCartRepository) as carts:
        left = await carts.time_left(cart.id)
        assert left is not None
        assert timedelta(0) < left <= SHORT
        assert (await carts.count(), await carts.exists(owner="ada")) == (1, True)
    await asyncio.sleep(0.25)
    assert await keys_of(client) == set()
    async with carts_of(client, ShortCartRepository) as carts:
        assert (await carts.count(), await carts.find(), await carts.get_or_none(cart.id)) == (0, [], None)
        await carts.add(Cart(owner="ada"))


async def test_saving_again_begins_a_new_time(client: RedisClient) -> None:
    cart = Cart(owner="ada")
    async with carts_of(client, ShortCartRepository) as carts:
        await carts.add(cart)
    for _ in range(3):
        await asyncio.sleep(0.12)
        async with carts_of(client, ShortCartRepository) as carts:
            await carts.update(cart)
    async with carts_of(client, ShortCartRepository) as carts:
        assert await carts.exists(owner="ada")


@pytest.mark.requirement("REP-8")
async def test_one_entity_may_be_given_a_time_and_lose_it_again(client: RedisClient) -> None:
    kept, gone = Cart(owner="kept"), Cart(owner="gone")
    async with carts_of(client) as carts:
        await carts.add_many([kept, gone])
        await carts.expire(gone.id, SHORT)
        await carts.expire(kept.id, SHORT)
        await carts.expire(kept.id, None)
    async with carts_of(client) as carts:
        assert await carts.time_left(kept.id) is None
        assert await carts.time_left(new_id()) is None
        assert await carts.time_left(gone.id) is not None
        assert (await carts.get(gone.id)).version == 1
    await asyncio.sleep(0.25)
    async with carts_of(client) as carts:
        assert [one.owner for one in await carts.find()] == ["kept"]
        assert await carts.count() == 1
        await carts.add(Cart(owner="gone"))


async def test_a_change_keeps_the_time_that_was_given(client: RedisClient) -> None:
    cart = Cart(owner="ada")
    async with carts_of(client) as carts:
        await carts.add(cart)
        await carts.expire(cart.id, LONG)
    async with carts_of(client) as carts:
        cart.owner = "bob"
        await carts.update(cart)
    async with carts_of(client) as carts:
        left = await carts.time_left(cart.id)
        assert left is not None
        assert left > timedelta(minutes=59)
    ends = {await client.time_left(key) is not None async for key in client.scan("*unique*")}
    assert ends == {True}


async def test_giving_a_time_changes_nothing_that_others_write(client: RedisClient) -> None:
    cart = Cart(owner="ada")
    async with carts_of(client) as carts:
        await carts.add(cart)
    async with carts_of(client) as carts:
        await carts.expire(cart.id, LONG)
        async with carts_of(client) as others:
            cart.owner = "bob"
            await others.update(cart)
    async with carts_of(client) as carts:
        assert (await carts.get(cart.id)).owner == "bob"
        assert await carts.time_left(cart.id) is not None


async def test_what_is_not_there_ends_not(client: RedisClient) -> None:
    async with carts_of(client) as carts:
        with pytest.raises(NotFoundException):
            await carts.expire(new_id(), SHORT)
        with pytest.raises(ValidationException):
            await carts.expire(cast("UUID", "no uuid"), SHORT)
    store = RedisStore(client)
    outside = cast("CartRepository", store.repository(CartRepository)(store.unit_of_work()))
    with pytest.raises(TransactionRequiredError):
        await outside.expire(new_id(), SHORT)


async def test_what_has_ended_makes_room_within_a_commit(client: RedisClient) -> None:
    async with carts_of(client, ShortCartRepository) as carts:
        await carts.add_many([Cart(owner=f"{number}") for number in range(50)])
    async with carts_of(client) as carts:
        await carts.add(Cart(owner="endless"))
    await asyncio.sleep(0.25)
    async with carts_of(client) as carts:
        await carts.add(Cart(owner="other"))
    (members,) = [key async for key in client.scan("*:cart:all")]
    assert await client.connection.run("ZCARD", client.key(members)) == 2


@pytest.mark.requirement("REP-8")
async def test_removed_entities_leave_no_key_behind(client: RedisClient) -> None:
    batch = [Cart(owner=f"{number}") for number in range(50)]
    async with carts_of(client) as carts:
        await carts.add_many(batch)
        await carts.expire(batch[0].id, LONG)
    async with carts_of(client) as carts:
        for cart in batch[:10]:
            cart.owner = f"changed {cart.owner}"
            await carts.upsert(cart)
    assert await keys_of(client) == {"all", "ends", "row", "unique"}
    async with carts_of(client) as carts:
        await carts.remove(batch[0])
        assert await carts.remove_where(owner__like="%") == 49
    assert await keys_of(client) == set()
