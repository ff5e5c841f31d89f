"""A small service for the tests of the road: one event, one aggregate, a store, and scopes on it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    EventSink,
    Handler,
    InMemoryUnitOfWork,
    MemorySession,
    MemoryStore,
    in_memory,
    read_handler,
)
from fastapi_chassis.domain import BaseAggregate, BaseEntity, IntegrationEvent, new_id
from fastapi_chassis.messaging import (
    CloudEventsCodec,
    Consumer,
    Envelope,
    EnvelopeWriter,
    InMemoryInbox,
    InMemoryOutbox,
    MessagingConfig,
    outbox_for,
)
from fastapi_chassis.testing import eventually


class ItemCreated(IntegrationEvent):
    item_id: UUID
    title: str


class Item(BaseAggregate):
    title: str

    @classmethod
    def create(cls, title: str) -> "Item":
        item = cls(title=title)
        item.record(ItemCreated(item_id=item.id, title=title))
        return item


class Items(AbstractRepository[Item, UUID]):
    pass


class Effect(BaseEntity[UUID]):
    """Written by handlers; without any unique value, so that a second effect shows."""

    title: str


class Effects(AbstractRepository[Effect, UUID]):
    pass


class Shop:
    """The store, and scopes that resolve unit of work and repositories on it."""

    def __init__(self, sink: EventSink | None = None) -> None:
        self.store = MemoryStore()
        self.sink = sink

    @property
    def outbox(self) -> InMemoryOutbox:
        return InMemoryOutbox(MemorySession(self.store))

    @property
    def inbox(self) -> InMemoryInbox:
        return InMemoryInbox(MemorySession(self.store))

    def unit_of_work(self) -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(self.store, sink=self.sink)

    async def create_item(self, title: str) -> Item:
        async with self.unit_of_work() as work:
            item = await in_memory(Items, work).add(Item.create(title))
            await work.commit()
        return item

    async def write(self, *envelopes: Envelope) -> None:
        """Puts envelopes into the outbox, in one transaction."""
        async with self.unit_of_work() as work:
            await outbox_for(work.session).add(envelopes)
            await work.commit()

    async def emptied(self) -> None:
        """Waits until the outbox is empty."""

        async def nothing_waits() -> bool:
            return not (await self.outbox.backlog()).count

        await eventually(nothing_waits)

    async def effects(self) -> list[str]:
        return [effect.title for effect in await in_memory(Effects, self.unit_of_work()).find()]

    @asynccontextmanager
    async def scopes(self) -> AsyncIterator["ShopScope"]:
        yield ShopScope(self.unit_of_work())

    def consumer(
        self, *functions: object, config: MessagingConfig | None = None, upcasters: Iterable[object] = ()
    ) -> Consumer:
        return Consumer(
            "shop.notifications",
            handlers(*functions),
            scopes=self.scopes,
            config=config or quick(),
            upcasters=upcasters,
        )


class ShopScope:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def get[T](self, wanted: type[T]) -> T:
        return self._work if wanted is AbstractUnitOfWork else in_memory(wanted, self._work)


def handlers(*functions: object) -> list[Handler]:
    read = [read_handler(function) for function in functions]
    assert all(isinstance(one, Handler) for one in read), read
    return read


def quick(**settings: object) -> MessagingConfig:
    """Waits of milliseconds."""
    waits = {"base": 0.001, "cap": 0.01}
    relay = {"poll_busy": 0.005, "poll_idle": 0.05, "retry": waits, "stop_timeout": 1}
    return MessagingConfig.model_validate({"retry": waits, "relay": relay, **settings})


_CODEC = CloudEventsCodec()


def writer(source: str = "shop") -> EnvelopeWriter:
    return EnvelopeWriter(CloudEventsCodec(), source=source)


def created(title: str = "Dune", *, key: str = "one", **changes: object) -> Envelope:
    """The envelope of an ItemCreated, as the codec writes it."""
    event = ItemCreated(item_id=new_id(), title=title)
    body = _CODEC.write(event)
    plain: dict[str, object] = {
        "id": event.event_id,
        "type": "item_created",
        "source": "shop",
        "time": datetime.now(UTC),
        "destination": "integration-events.item_created",
        "key": key,
        "payload": body.payload,
        "headers": body.headers,
    }
    return Envelope(**(plain | changes))
