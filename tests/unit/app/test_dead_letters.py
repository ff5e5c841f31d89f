"""DeadLetterPlaces: what a consumer gives up is in its module's store, and actions on it are audited."""

from dataclasses import replace
from uuid import UUID

import pytest

from fastapi_chassis.app import Container, InMemoryStore, PluginAbstract, Road, ServiceModule
from fastapi_chassis.app.bindings import unit_of_work_binding
from fastapi_chassis.app.dead_letters import only_carriers
from fastapi_chassis.app.stores import StorePlace, Stores
from fastapi_chassis.application import Mediator, MessageContext, Principal, RecordedEvent, use_context
from fastapi_chassis.audit import AuditQuery, AuditRecord, audit_store_for
from fastapi_chassis.caching import Cache
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import (
    ConflictException,
    DomainEvent,
    IntegrationEvent,
    ValidationException,
    new_id,
)
from fastapi_chassis.messaging import (
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetterStateEnum,
    InMemoryTransport,
    MessagingConfig,
    Transport,
    writer_for,
)
from fastapi_chassis.testing import eventually

pytestmark = pytest.mark.requirement("MSG-7")


class Sold(IntegrationEvent):
    item_id: UUID


class Mails:
    """A road with one consumer, which refuses whatever comes until it is repaired."""

    def __init__(self, **dead_letters: object) -> None:
        self.store = InMemoryStore()
        self.transport = InMemoryTransport()
        self.sent: list[UUID] = []
        self.is_repaired = False

        async def mail(event: Sold) -> None:
            if not self.is_repaired:
                raise ValidationException("this can't be sent")
            self.sent.append(event.item_id)

        container = Container([])
        container.bind_instance(Transport, self.transport)
        self.config = MessagingConfig.model_validate({"dead_letters": dead_letters})
        place = StorePlace("memory", self.store)
        modules = [ServiceModule("mails", consumers=[mail])]
        self.road = Road("shop", self.config, modules, Stores(place, {}), container, stop_timeout=5)
        assert self.road.findings == []
        container.bind_all(unit_of_work_binding(place, self.road, Mediator()))
        self.container = container
        self.desk = self.road.dead_letters.desk(self.road.made_consumers())

    async def refuse_one(self) -> UUID:
        """Runs the road until a message was given up; returns what it tells of."""
        event = Sold(item_id=new_id())
        writer = writer_for(self.config, source="shop")
        self.container.open()
        async with self.road.running():
            await self.road.transport.publish([writer.write(RecordedEvent(event, "item", "one"))])
            await eventually(self.given_up, within=60)
        return event.item_id

    async def given_up(self) -> bool:
        return bool(await self.kept() or self.transport.dead_letters)

    async def kept(self) -> list[DeadLetterRecord]:
        return list(await self.store.dead_letters().page(DeadLetterQuery()))

    async def audited(self) -> list[AuditRecord]:
        async with self.store.unit_of_work(sink=None, dispatch=nobody) as work:
            return list(await audit_store_for(work.session).find(AuditQuery()))


async def nobody(event: DomainEvent) -> None:
    del event


async def test_what_is_given_up_lies_in_the_store_of_the_module_and_not_at_the_broker() -> None:
    mails = Mails()
    await mails.refuse_one()
    (record,) = await mails.kept()
    assert record.group == "shop.mails"
    assert "can't be sent" in record.reason
    assert list(mails.transport.dead_letters) == []


async def test_configuration_can_leave_it_to_the_broker() -> None:
    mails = Mails(store="broker")
    await mails.refuse_one()
    assert await mails.kept() == []
    assert len(mails.transport.dead_letters) == 1
    assert await mails.desk.page(DeadLetterQuery()) == []
    assert mails.road.dead_letters.purges() == []


async def test_a_replay_runs_the_handlers_of_the_module_and_is_audited() -> None:
    mails = Mails()
    item_id = await mails.refuse_one()
    (record,) = await mails.kept()
    mails.is_repaired = True
    mails.container.open()
    with use_context(MessageContext(principal=Principal("ann"), correlation_id="c1")):
        assert (await mails.desk.replay(record.id)).state is DeadLetterStateEnum.REPLAYED
    assert mails.sent == [item_id]
    (audit,) = await mails.audited()
    said = audit.event
    assert (said.actor, said.action, said.entity_id) == ("ann", "dead_letter.replay", str(record.id))
    assert (said.place, said.correlation_id) == ("shop", "c1")
    assert said.details["message"] == str(record.envelope.id)


class Carrier(PluginAbstract[PluginConfig]):
    name = "kafka"
    provides = (Transport,)


class CarrierAndMore(PluginAbstract[PluginConfig]):
    name = "redis"
    provides = (Transport, Cache)


class OnCarrier(PluginAbstract[PluginConfig]):
    name = "metrics"
    requires = ("kafka",)


def test_only_what_carries_messages_and_nothing_else_can_be_left_out() -> None:
    kafka, redis, metrics = (kind(PluginConfig()) for kind in (Carrier, CarrierAndMore, OnCarrier))
    assert only_carriers([kafka, redis]) == {"kafka"}
    assert only_carriers([kafka, redis, metrics]) == frozenset()


async def test_a_process_without_the_group_shows_what_it_gave_up() -> None:
    mails = Mails()
    await mails.refuse_one()
    (record,) = await mails.kept()
    stores = Stores(StorePlace("memory", mails.store), {})
    web = Road("shop", MessagingConfig(), [ServiceModule("web")], stores, Container([]), stop_timeout=5)
    desk = web.dead_letters.desk([])
    assert await desk.page(DeadLetterQuery()) == [record]
    assert web.dead_letters.purges() == []
    await desk.discard(record.id)
    assert [audit.event.entity_id for audit in await mails.audited()] == [str(record.id)]


async def test_what_others_gave_up_in_the_same_store_can_be_settled_here() -> None:
    mails = Mails()
    await mails.refuse_one()
    (record,) = await mails.kept()
    other = replace(record, id=new_id(), group="shop.others")
    assert await mails.store.dead_letters().add(other)
    assert mails.road.dead_letters.names == ("memory",)
    with pytest.raises(ConflictException, match="does not run in this process"):
        await mails.desk.replay(other.id)
    assert (await mails.desk.discard(other.id)).state is DeadLetterStateEnum.DISCARDED
    (audit,) = await mails.audited()
    assert audit.event.details["group"] == "shop.others"
