from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    Command,
    HandlerRegistry,
    InMemoryUnitOfWork,
    MemorySession,
    MemoryStore,
    TransactionBehavior,
    build_mediator,
    in_memory,
)
from fastapi_chassis.domain import BaseAggregate, DomainEvent
from fastapi_chassis.messaging import (
    EventMapper,
    InMemoryOutbox,
    MessagingConfig,
    create_event_publisher,
    create_integration_event_mediator,
)
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.shop import ItemCreated


class ItemAdded(DomainEvent):
    item_id: UUID
    title: str


class Item(BaseAggregate):
    title: str


class Items(AbstractRepository[Item, UUID]):
    pass


class CreateItem(Command[UUID], public=True):
    title: str


async def create_item(command: CreateItem, items: Items) -> UUID:
    item = Item(title=command.title)
    item.record(ItemAdded(item_id=item.id, title=item.title))
    await items.add(item)
    if command.title == "refused":
        raise ValueError(command.title)
    return item.id


MAPPER = EventMapper().add(
    ItemAdded,
    lambda added: ItemCreated(item_id=added.item_id, title=added.title),
    key=lambda added: added.item_id,
)


class Service:
    """Composed as the documentation shows: the unit of work dispatches through the wrapped mediator."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.told: list[str] = []

    async def send(self, command: CreateItem) -> UUID:
        async def note(event: ItemAdded) -> None:
            self.told.append(event.title)

        registry = HandlerRegistry()
        registry.add(create_item)
        registry.add(note)
        work = InMemoryUnitOfWork(self.store, dispatch=lambda event: mediator.publish(event))

        @asynccontextmanager
        async def scopes() -> AsyncIterator[object]:
            class Scope:
                async def get[T](self, wanted: type[T]) -> T:
                    return work if wanted is AbstractUnitOfWork else in_memory(wanted, work)

            yield Scope()

        base = build_mediator(registry, scopes=scopes, behaviors=[TransactionBehavior()])
        publisher = create_event_publisher(MessagingConfig(), session=work.session, source="shop")
        mediator = create_integration_event_mediator(base, publisher, MAPPER)
        assert mediator.roads == base.roads
        return await mediator.send(command)

    async def waiting(self) -> list[tuple[str, str]]:
        claim = await claimed(InMemoryOutbox(MemorySession(self.store)))
        return [(entry.envelope.type, entry.envelope.key) for entry in claim.entries]


@pytest.mark.requirement("MSG-10", "MSG-2")
async def test_a_command_publishes_what_its_domain_events_map_to() -> None:
    service = Service()
    item_id = await service.send(CreateItem(title="Dune"))
    assert service.told == ["Dune"]
    assert await service.waiting() == [("item_created", str(item_id))]


@pytest.mark.requirement("MSG-2")
async def test_a_command_that_fails_publishes_nothing() -> None:
    service = Service()
    with pytest.raises(ValueError, match="refused"):
        await service.send(CreateItem(title="refused"))
    assert await service.waiting() == []
