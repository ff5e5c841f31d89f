import asyncio
import logging
from uuid import UUID

import pytest

from fastapi_chassis.app import Container, InMemoryStore, Road, ServiceModule
from fastapi_chassis.app.bindings import unit_of_work_binding
from fastapi_chassis.app.stores import StorePlace, Stores
from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, Mediator, invocation
from fastapi_chassis.config import Binding, ScopeEnum
from fastapi_chassis.domain import BaseAggregate, DomainEvent, IntegrationEvent, UnavailableException
from fastapi_chassis.messaging import InMemoryTransport, MessagingConfig, Transport, upcaster


class Sold(IntegrationEvent):
    item_id: UUID


class Item(BaseAggregate):
    def sell(self) -> None:
        self.record(Sold(item_id=self.id))


class Closed(DomainEvent):
    pass


class Service:
    """A store, a container and a road, without an application around them."""

    def __init__(self, *consumers, transport=None, store=None, stop_timeout=5.0, **messaging) -> None:
        self.store = store or InMemoryStore()
        self.container = Container([])
        if transport is not None:
            self.container.bind_instance(Transport, transport)
        modules = [ServiceModule("mails", consumers=consumers), ServiceModule("silent")]
        config = MessagingConfig.model_validate(messaging)
        place = StorePlace("memory", self.store)
        stores = Stores(place, {})
        self.road = Road("shop", config, modules, stores, self.container, stop_timeout=stop_timeout)
        self.container.bind_all(unit_of_work_binding(place, self.road, Mediator()))
        self.items = self.store.repository(AbstractRepository[Item, UUID], None)
        self.container.bind_all([Binding(Service, lambda: self, ScopeEnum.APPLICATION, "the test")])

    async def sell(self, *, fails: bool = False) -> UUID:
        async with self.container.open_scope() as scope:
            unit_of_work = await scope.get(AbstractUnitOfWork)
            async with unit_of_work:
                item = Item()
                item.sell()
                await self.items(unit_of_work).add(item)
                if fails:
                    raise LookupError
                await unit_of_work.commit()
        return item.id

    async def __aenter__(self):
        self.container.open()
        self.running = self.road.running()
        await self.running.__aenter__()
        return self

    async def __aexit__(self, *fault):
        await self.running.__aexit__(*fault)
        await self.container.close()


@pytest.mark.requirement("MSG-10")
@pytest.mark.parametrize("outbox", [True, False])
@pytest.mark.parametrize("inbox", [True, False])
async def test_an_event_reaches_its_consumer_in_every_combination(outbox, inbox):
    seen = []

    async def tell(event: Sold) -> None:
        seen.append(event.item_id)

    async with Service(tell, enable_outbox=outbox, enable_inbox=inbox) as service:
        item_id = await service.sell()
        await service.road.settled()
        assert seen == [item_id]


async def test_it_is_settled_when_also_what_consumers_sent_has_been_handled():
    seen = []

    async def resell(event: Sold, service: Service) -> None:
        seen.append(event.item_id)
        if len(seen) < 5:
            await service.sell()

    async with Service(resell) as service:
        await service.sell()
        await service.road.settled()
        assert len(seen) == 5


async def test_what_was_rolled_back_reaches_nobody():
    seen = []

    async def tell(event: Sold) -> None:
        seen.append(event)

    async with Service(tell) as service:
        service.road.listeners.append(seen.extend)
        with pytest.raises(LookupError):
            await service.sell(fails=True)
        await service.road.settled()
        assert seen == []


async def test_listeners_are_told_once_it_is_committed():
    told = []
    async with Service() as service:
        service.road.listeners.append(told.extend)
        item_id = await service.sell()
        assert [one.aggregate_id for one in told] == [str(item_id)]


async def test_a_consumer_can_be_wrapped_before_it_runs():
    seen = []

    async def tell(event: Sold, service: Service) -> None:
        seen.append(type(service))

    def wrap(handler):
        step = invocation(handler)

        async def wrapped(event):
            seen.append("before")
            await step(event)

        return wrapped

    service = Service(tell)
    service.road.wrap_consumers(wrap)
    async with service:
        await service.sell()
        await service.road.settled()
    assert seen == ["before", Service]


@pytest.mark.requirement("APP-7")
async def test_at_the_end_consumers_finish_what_they_hold():
    begun, seen = asyncio.Event(), []

    async def slow(event: Sold) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        seen.append(event)

    async with Service(slow) as service:
        await service.sell()
        await begun.wait()
    assert len(seen) == 1
    assert (await service.store.outbox().backlog()).count == 0


@pytest.mark.requirement("APP-7")
async def test_a_consumer_that_does_not_end_holds_nobody_up_and_its_message_comes_again(caplog):
    begun, seen = asyncio.Event(), []

    async def stuck(event: Sold) -> None:
        begun.set()
        if not seen:
            seen.append("stuck")
            await asyncio.sleep(3_600)
        seen.append(event)

    service = Service(stuck, stop_timeout=0.02, relay={"stop_timeout": 0.02})
    async with asyncio.timeout(5):
        async with service:
            await service.sell()
            await begun.wait()
        assert "consumers held messages for more than 0.02 s" in caplog.text
        assert (await service.store.outbox().backlog()).count == 1
        async with service:
            await service.road.settled()
    assert len(seen) == 2


@pytest.mark.requirement("PLG-4")
async def test_a_transport_that_is_away_does_not_keep_the_service_from_starting(monkeypatch):
    monkeypatch.setattr("fastapi_chassis.app.membership._FIRST_PAUSE", 0.001)
    seen = []

    async def tell(event: Sold) -> None:
        seen.append(event)

    held: list[InMemoryTransport] = []

    def transport() -> InMemoryTransport:
        if not held:
            raise UnavailableException("kafka is away")
        return held[0]

    service = Service(tell, relay={"retry": {"base": 0.001, "cap": 0.002}})
    service.container.bind_all([Binding(Transport, transport, ScopeEnum.APPLICATION, "plugin kafka")])
    async with asyncio.timeout(5), service:
        await service.sell()
        await asyncio.sleep(0.02)
        assert seen == []
        held.append(InMemoryTransport())
        await service.road.settled()
    assert len(seen) == 1


def test_a_transport_that_somebody_provides_is_taken():
    transport = InMemoryTransport()
    service = Service(transport=transport)
    service.container.open()
    assert asyncio.run(service.container.get(Transport)) is transport


def test_consumers_form_a_group_per_module():
    async def tell(event: Sold) -> None:
        pass

    road = Service(tell).road
    assert [(group, [one.message for one in handlers]) for group, handlers in road.groups.items()] == [
        ("shop.mails", [Sold])
    ]
    assert [handler.message for handler in road.consumers] == [Sold]


@pytest.mark.requirement("DOM-2", "APP-8")
def test_everything_that_is_wrong_with_consumers_is_found():
    async def unread(event) -> None:
        pass

    async def closed(event: Closed) -> None:
        pass

    class Other(IntegrationEvent, name="sold"):
        pass

    async def sold(event: Sold) -> None:
        pass

    async def other(event: Other) -> None:
        pass

    whats = " | ".join(finding.what for finding in Service(unread, closed, sold, other).road.findings)
    assert "unread can't be read as a handler" in whats
    assert "closed consumes Closed, which is no integration event" in whats
    assert "two events are called sold version 1" in whats


def test_what_is_wrong_with_upcasters_is_found():
    async def take(event: Sold) -> None: ...

    upcasters = (upcaster(Sold, from_version=1)(dict), take)
    modules = [ServiceModule("mails", consumers=(take,), upcasters=upcasters)]
    stores = Stores(StorePlace("memory", InMemoryStore()), {})
    road = Road("shop", MessagingConfig(), modules, stores, Container([]), stop_timeout=1)
    late, none = road.findings
    assert "reads version 1 of sold, and Sold is version 1" in late.what
    assert "take is no upcaster" in none.what


async def test_without_a_consumer_events_are_dropped_and_the_outbox_empties(caplog):
    caplog.set_level(logging.WARNING)
    async with Service() as service:
        await service.sell()
        await service.road.settled()
        assert (await service.store.outbox().backlog()).count == 0


@pytest.mark.requirement("MSG-3")
async def test_what_waited_in_the_outbox_is_published_when_everybody_listens():
    seen = []

    async def tell(event: Sold) -> None:
        seen.append(event)

    service = Service(tell)
    service.container.open()
    await service.sell()
    async with service:
        await service.road.settled()
    assert len(seen) == 1


@pytest.mark.requirement("APP-7")
@pytest.mark.parametrize("outbox", [True, False])
async def test_stopped_right_after_a_commit_it_ends_at_once(outbox):
    seen = []

    async def tell(event: Sold) -> None:
        seen.append(event)

    began = asyncio.get_running_loop().time()
    async with Service(tell, enable_outbox=outbox, concurrency=1) as service:
        for _ in range(3):
            await service.sell()
    assert asyncio.get_running_loop().time() - began < 2
    assert len(seen) + (await service.store.outbox().backlog()).count == 3


async def test_without_outbox_what_cannot_be_sent_does_not_hold_the_end_up(caplog):
    async def stuck(event: Sold) -> None:
        await asyncio.sleep(3_600)

    async with asyncio.timeout(5):
        async with Service(stuck, enable_outbox=False, stop_timeout=0.02) as service:
            await service.sell()
    assert "messages were lost" in caplog.text


@pytest.mark.requirement("APP-7")
async def test_with_a_broker_consumers_stop_before_the_relay():
    order = []

    class Broker(InMemoryTransport):
        async def subscribe(self, subscription, receive):
            inner = await super().subscribe(subscription, receive)

            class Member:
                async def stop(self):
                    order.append("consumer")
                    await inner.stop()

            return Member()

    class Store(InMemoryStore):
        def outbox(self):
            outbox = super().outbox()
            release = outbox.leases.release

            async def released(owner, partitions=None):
                order.append("relay")
                await release(owner, partitions)

            outbox.leases.release = released
            return outbox

    async def tell(event: Sold) -> None:
        pass

    async with Service(tell, transport=Broker(), store=Store()):
        await asyncio.sleep(0.01)
    assert order == ["consumer", "relay"]
