"""Redis as the store of a module."""

from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command, Mediator, Query
from fastapi_chassis.domain import BaseAggregate, BaseEntity, IntegrationEvent, WiringError
from fastapi_chassis.plugins.redis import RedisClient, RedisPlugin, RedisRepository, RedisStore
from fastapi_chassis.testing import open_application
from fastapi_chassis.testing.contracts.samples import SampleRepository

pytestmark = pytest.mark.backends("valkey")


class CartFilled(IntegrationEvent):
    owner: str


class Cart(BaseAggregate):
    owner: str


class FillCart(Command[UUID], public=True):
    owner: str
    tells: bool = False


class CartOf(Query[UUID], public=True):
    owner: str


async def fill_cart(command: FillCart, carts: AbstractRepository[Cart, UUID]) -> UUID:
    cart = Cart(owner=command.owner)
    if command.tells:
        cart.record(CartFilled(owner=command.owner))
    return (await carts.add(cart)).id


async def cart_of(query: CartOf, carts: AbstractRepository[Cart, UUID]) -> UUID:
    found = await carts.first(owner=query.owner)
    assert found is not None
    return found.id


class Code(BaseEntity[str]):
    secret: str


class CodeRepository(RedisRepository[Code, str]):
    """One-time codes."""


class SendCode(Command[None], public=True):
    owner: str


class CodeIsGood(Query[bool], public=True):
    owner: str


async def send_code(command: SendCode, codes: CodeRepository) -> None:
    await codes.upsert(Code(id=command.owner, secret="4711"))
    await codes.expire(command.owner, timedelta(minutes=5))


async def code_is_good(query: CodeIsGood, codes: CodeRepository) -> bool:
    return await codes.time_left(query.owner) is not None


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (RedisPlugin,)
    modules = (ServiceModule("carts", handlers=(fill_cart, cart_of, send_code, code_is_good)),)


@pytest.mark.requirement("REP-1", "REP-8")
async def test_a_module_is_kept_in_redis_by_configuration(client: RedisClient, valkey_url: str) -> None:
    shop = (
        ApplicationGenericBuilder(Shop)
        .with_sources(environ={}, directory="/nonexistent")
        .with_setting("modules.carts.store", "redis")
        .with_setting("plugins.redis.url", valkey_url)
        .with_setting("plugins.redis.prefix", client.prefix)
        .build()
    )
    assert [place.name for place in shop.assembly.stores.used] == ["memory", "redis"]
    async with open_application(shop) as running:
        mediator = await running.get(Mediator)
        made = await mediator.send(FillCart(owner="ada"))
        assert await mediator.send(CartOf(owner="ada")) == made
        with pytest.raises(Exception, match="CartFilled was recorded, and the store redis has no outbox"):
            await mediator.send(FillCart(owner="bob", tells=True))
        await mediator.send(SendCode(owner="ada"))
        assert await mediator.send(CodeIsGood(owner="ada"))
        assert not await mediator.send(CodeIsGood(owner="bob"))
    keys = [key async for key in client.scan("*:cart:row:*")]
    assert len(keys) == 1
    assert keys[0].endswith(str(made))


def test_two_entities_never_share_a_collection(client: RedisClient) -> None:
    class Sample(BaseEntity[str]):
        pass

    class OtherRepository(AbstractRepository[Sample, str]):
        pass

    store = RedisStore(client)
    store.repository(SampleRepository)
    store.repository(SampleRepository)
    with pytest.raises(WiringError, match="one collection, sample"):
        store.repository(OtherRepository)
    store.repository(OtherRepository, "other")


@pytest.mark.parametrize("table", ["", "a:b", 1])
def test_a_collection_is_named_by_a_word(client: RedisClient, table: object) -> None:
    with pytest.raises(WiringError, match="names no collection"):
        RedisStore(client).repository(SampleRepository, table)


def test_it_carries_no_messages(client: RedisClient) -> None:
    assert cast("object", RedisStore(client).outbox()) is None
    assert cast("object", RedisStore(client).inbox()) is None
