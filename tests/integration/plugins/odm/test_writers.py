"""A commit takes one aggregate; what would be a second one is refused before anything is written."""

from collections.abc import Awaitable, Callable

import pytest

from fastapi_chassis.application import AbstractRepository, OneAggregatePerCommitError
from fastapi_chassis.domain import AlreadyExistsException
from fastapi_chassis.plugins.odm import ODMStore
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]

type Orders = OrderRepository
SECOND: dict[str, Callable[[Orders], Awaitable[object]]] = {
    "add": lambda orders: orders.add(Order(number=2)),
    "add_many": lambda orders: orders.add_many([Order(number=2), Order(number=3)]),
    "upsert": lambda orders: orders.upsert(Order(number=2)),
    "remove_where": lambda orders: orders.remove_where(number=9),
}


async def stored(store: ODMStore) -> list[int]:
    orders = store.repository(OrderRepository)(store.unit_of_work())
    return sorted(order.number for order in await orders.find())  # type: ignore[attr-defined]  # orders


@pytest.mark.parametrize("verb", SECOND)
async def test_a_second_aggregate_is_refused_and_the_first_may_be_committed(
    store: ODMStore, verb: str
) -> None:
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(Order(number=9))
        await work.commit()
    async with store.unit_of_work() as work:
        orders: AbstractRepository = store.repository(OrderRepository)(work)
        await orders.add(Order(number=1))
        with pytest.raises(OneAggregatePerCommitError, match=verb):
            await SECOND[verb](orders)  # type: ignore[arg-type]  # bound to the store
        await work.commit()
    assert await stored(store) == [1, 9]


async def test_one_aggregate_may_be_written_again_and_again(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        orders = store.repository(OrderRepository)(work)
        order = Order(number=1)
        await orders.add(order)
        order.number = 2
        await orders.update(order)
        order.number = 3
        await orders.upsert(order)
        await work.commit()
    assert order.version == 3
    assert await stored(store) == [3]


async def test_many_are_removed_where_nothing_else_is_written(store: ODMStore) -> None:
    for number in range(4):
        async with store.unit_of_work() as work:
            await store.repository(OrderRepository)(work).add(Order(number=number))
            await work.commit()
    async with store.unit_of_work() as work:
        orders = store.repository(OrderRepository)(work)
        assert await orders.remove_where(number=0) == 1
        assert await orders.remove_where(number__gt=2) == 1
        await work.commit()
    assert await stored(store) == [1, 2]


async def test_of_two_who_take_the_same_value_at_once_one_is_told(store: ODMStore) -> None:
    async with store.unit_of_work() as first, store.unit_of_work() as second:
        await store.repository(OrderRepository)(first).add(Order(number=1))
        await store.repository(OrderRepository)(second).add(Order(number=1))
        await first.commit()
        with pytest.raises(AlreadyExistsException, match="number is taken"):
            await second.commit()
    assert await stored(store) == [1]
