from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    IdempotencyBehavior,
    InMemoryUnitOfWork,
    Mediator,
    MemoryStore,
    Resolver,
    TransactionBehavior,
    TwoStoresError,
    current_context,
    in_memory,
    use_context,
)
from fastapi_chassis.application.transaction import TRIES
from fastapi_chassis.domain import ConflictException, NotFoundException, TransientConflictException
from tests.unit.application.world import (
    AddItem,
    AddTwo,
    Codec,
    CountItems,
    Item,
    Items,
    Scope,
    World,
    add_item,
    run,
)


@pytest.mark.requirement("DOM-5")
async def test_a_command_is_committed_before_its_answer_leaves() -> None:
    world = World(TransactionBehavior())
    mediator = world.mediator(add_item)
    assert await mediator.send(AddItem(title="a")) == "added a"
    assert await world.titles() == ["a"]


@pytest.mark.requirement("DOM-5")
async def test_an_exception_stores_nothing() -> None:
    async def fail(command: AddItem, items: Items) -> str:
        await items.add(Item(title=command.title))
        raise NotFoundException("later")

    world = World(TransactionBehavior())
    with pytest.raises(NotFoundException):
        await world.mediator(fail).send(AddItem(title="a"))
    assert await world.titles() == []


@pytest.mark.requirement("DOM-5")
async def test_a_command_within_a_command_shares_its_transaction() -> None:
    async def add_two(command: AddTwo, items: Items) -> str:
        await mediator.send(AddItem(title=f"{command.title}1"))
        assert f"{command.title}1" not in await world.titles()
        await mediator.send(AddItem(title=f"{command.title}2"))
        if command.title == "bad":
            raise LookupError
        return "two"

    world = World(TransactionBehavior())
    mediator = world.mediator(add_item, add_two)
    assert await mediator.send(AddTwo(title="a")) == "two"
    with pytest.raises(LookupError):
        await mediator.send(AddTwo(title="bad"))
    assert await world.titles() == ["a1", "a2"]


@pytest.mark.requirement("DOM-5")
async def test_a_query_gets_no_transaction() -> None:
    async def count(query: CountItems, items: Items, unit_of_work: AbstractUnitOfWork) -> int:
        assert not unit_of_work.is_active
        return await items.count()

    world = World(TransactionBehavior())
    mediator = world.mediator(count, add_item)
    await mediator.send(AddItem(title="a"))
    assert await mediator.send(CountItems()) == 1
    roads = {road.handler.message: road.behaviors for road in mediator.roads}
    assert roads == {CountItems: (), AddItem: ("transaction",)}


async def test_a_command_outside_of_any_scope_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="outside of a message scope"):
        await run(TransactionBehavior(), AddItem(title="a"))


class Elsewhere(AbstractUnitOfWork):
    """Stands for the transactions of another store."""


class TwoStores(World):
    """A world whose AddTwo belongs to another store."""

    def __init__(self) -> None:
        super().__init__(TransactionBehavior())
        self.other = MemoryStore()

    @asynccontextmanager
    async def scopes(self) -> AsyncIterator[Resolver]:
        here, there = Scope(self.store), Scope(self.other)

        class Both:
            async def get[T](self, wanted: type[T]) -> T:
                if wanted is Elsewhere:
                    return cast("T", there.unit_of_work)
                return await here.get(wanted)

        yield Both()

    def two(self, *others: Callable[..., object], elsewhere: Callable[..., object]) -> Mediator:
        self.registry.add(elsewhere, Elsewhere)
        return self.mediator(*others)


@pytest.mark.requirement("DOM-5")
async def test_a_command_within_the_transaction_of_another_store_is_refused() -> None:
    world = TwoStores()

    async def first(command: AddItem, items: Items) -> str:
        await items.add(Item(title=command.title))
        return await mediator.send(AddTwo(title="two"))

    async def second(command: AddTwo) -> str:
        return "never"

    mediator = world.two(first, elsewhere=second)
    with pytest.raises(TwoStoresError, match="AddTwo was sent within the transaction of another store"):
        await mediator.send(AddItem(title="a"))
    assert await world.titles() == []


async def test_a_handler_works_in_the_transaction_of_its_own_store() -> None:
    world = TwoStores()

    async def second(command: AddTwo, work: AbstractUnitOfWork) -> str:
        assert work.is_active
        items = in_memory(Items, cast("InMemoryUnitOfWork", work))
        await items.add(Item(title=command.title))
        return "added"

    assert await world.two(elsewhere=second).send(AddTwo(title="two")) == "added"
    assert await world.titles() == []
    kept = in_memory(Items, InMemoryUnitOfWork(world.other))
    assert [item.title for item in await kept.find()] == ["two"]


class Rivalry:
    """A handler that loses against another transaction so many times.

    Args:
        defeats: how many.
    """

    def __init__(self, defeats: int) -> None:
        self.defeats = defeats
        self.seen: list[list[str]] = []

    async def __call__(self, command: AddItem, items: Items) -> str:
        self.seen.append([item.title for item in await items.find()])
        await items.add(Item(title=command.title))
        if len(self.seen) <= self.defeats:
            raise TransientConflictException("somebody else changed the same data")
        return "added"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi_chassis.application.transaction.PAUSE", 0)


@pytest.mark.requirement("REP-5")
@pytest.mark.parametrize("defeats", range(TRIES))
async def test_work_that_was_given_up_for_another_is_begun_anew(at_once: None, defeats: int) -> None:
    world, handle = World(TransactionBehavior()), Rivalry(defeats)
    assert await world.mediator(handle).send(AddItem(title="a")) == "added"
    assert handle.seen == [[]] * (defeats + 1)  # nothing of a try that was given up is seen by the next one
    assert await world.titles() == ["a"]


@pytest.mark.requirement("REP-5")
async def test_the_tries_are_bounded(at_once: None) -> None:
    world, handle = World(TransactionBehavior()), Rivalry(100)
    with pytest.raises(TransientConflictException):
        await world.mediator(handle).send(AddItem(title="a"))
    assert len(handle.seen) == TRIES
    assert await world.titles() == []


async def test_a_conflict_that_stays_is_not_tried_again() -> None:
    tries = 0

    async def conflict(command: AddItem) -> str:
        nonlocal tries
        tries += 1
        raise ConflictException("its version has moved on")

    with pytest.raises(ConflictException):
        await World(TransactionBehavior()).mediator(conflict).send(AddItem(title="a"))
    assert tries == 1


@pytest.mark.requirement("REP-5")
async def test_a_command_within_a_command_begins_anew_with_it(at_once: None) -> None:
    world, inner, outer = World(TransactionBehavior()), Rivalry(1), 0

    async def add_two(command: AddTwo) -> str:
        nonlocal outer
        outer += 1
        return await mediator.send(AddItem(title=command.title))

    mediator = world.mediator(inner, add_two)
    assert await mediator.send(AddTwo(title="a")) == "added"
    assert (outer, len(inner.seen)) == (2, 2)
    assert await world.titles() == ["a"]


@pytest.mark.requirement("REP-5", "DOM-7")
async def test_the_answer_of_the_last_try_is_remembered(at_once: None) -> None:
    world, handle = World(IdempotencyBehavior(Codec()), TransactionBehavior()), Rivalry(1)
    mediator = world.mediator(handle)
    with use_context(replace(current_context(), idempotency_key="k")):
        assert await mediator.send(AddItem(title="a")) == "added"
        assert await mediator.send(AddItem(title="a")) == "added"
    assert len(handle.seen) == 2
    assert await world.titles() == ["a"]
