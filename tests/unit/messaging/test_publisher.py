import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fastapi_chassis.application import MessageContext, RecordedEvent, in_memory, use_context
from fastapi_chassis.domain import UnavailableException, ValidationException, WiringError, new_id
from fastapi_chassis.messaging import (
    STRUCTURED,
    CloudEventsCodec,
    DirectPublisher,
    Envelope,
    EnvelopeWriter,
    MessagingConfig,
    OutboxEntry,
    OutboxPublisher,
    Routing,
    opened,
    writer_for,
)
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.shop import Item, ItemCreated, Items, Shop, writer


class Broker:
    def __init__(self, fault: Exception | None = None) -> None:
        self.published: list[Envelope] = []
        self._fault = fault

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self._fault:
            raise self._fault
        self.published += envelopes

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


async def waiting(shop: Shop) -> list[OutboxEntry]:
    claim = await claimed(shop.outbox)
    return list(claim.entries)


@pytest.mark.requirement("MSG-11")
def test_the_envelope_says_what_it_is_where_it_goes_and_what_keeps_its_order() -> None:
    item_id, event_id, time = new_id(), new_id(), datetime(2026, 11, 21, tzinfo=UTC)
    event = ItemCreated(item_id=item_id, title="Dune", event_id=event_id, occurred_at=time)
    envelope = writer("shop").write(RecordedEvent(event, "item", str(item_id)))
    assert envelope == Envelope(
        id=event_id,
        type="item_created",
        version=1,
        source="shop",
        time=time,
        destination="integration-events.item_created",
        key=str(item_id),
        aggregate_type="item",
        payload=b'{"item_id":"%b","title":"Dune"}' % str(item_id).encode(),
        headers={"specversion": "1.0"},
    )


@pytest.mark.requirement("MSG-15")
def test_the_data_of_a_large_event_stays_apart_so_that_it_can_be_left_in_a_store() -> None:
    config = MessagingConfig.model_validate(
        {"codec": "cloudevents-structured", "claim_check": {"threshold": 1_000}}
    )
    write = writer_for(config, source="shop").write
    small, large = (ItemCreated(item_id=new_id(), title=title) for title in ("a", "a" * 1_000))
    assert write(RecordedEvent(small, "item", "1")).content_type == STRUCTURED
    assert write(RecordedEvent(large, "item", "1")).content_type == "application/json"


@pytest.mark.requirement("MSG-2")
def test_correlation_tenant_and_trace_travel_in_the_headers() -> None:
    context = MessageContext(correlation_id="c-1", tenant="acme", headers={"traceparent": "00-a-b-01"})
    with use_context(context):
        envelope = writer().write(RecordedEvent(ItemCreated(item_id=new_id(), title="a"), "item", "1"))
    assert envelope.headers == {
        "correlationid": "c-1",
        "tenant": "acme",
        "traceparent": "00-a-b-01",
        "specversion": "1.0",
    }


def test_another_prefix_is_another_destination() -> None:
    other = EnvelopeWriter(CloudEventsCodec(), source="shop", routing=Routing("events"))
    event = ItemCreated(item_id=new_id(), title="a")
    assert other.write(RecordedEvent(event, "item", "1")).destination == "events.item_created"


@pytest.mark.requirement("MSG-2")
async def test_aggregate_and_message_are_one_commit_and_then_the_relay_is_woken() -> None:
    woken = []
    shop = Shop(OutboxPublisher(writer(), wake=lambda _: woken.append(True)))
    item = await shop.create_item("Dune")
    (entry,) = await waiting(shop)
    assert (entry.envelope.key, entry.envelope.aggregate_type) == (str(item.id), "item")
    assert woken == [True]


@pytest.mark.requirement("MSG-2")
async def test_a_rollback_stores_no_message_and_wakes_nobody() -> None:
    woken = []
    shop = Shop(OutboxPublisher(writer(), wake=lambda _: woken.append(True)))
    async with shop.unit_of_work() as work:
        await in_memory(Items, work).add(Item.create("Dune"))
    assert (await waiting(shop), woken) == ([], [])


@pytest.mark.requirement("MSG-2")
@pytest.mark.parametrize("publisher", [OutboxPublisher, lambda writer: DirectPublisher(writer, Broker())])
async def test_an_event_that_can_not_be_sent_fails_its_transaction(publisher: type) -> None:
    shop = Shop(publisher(writer()))
    with pytest.raises(ValidationException, match="1048576"):
        await shop.create_item("x" * 2_000_000)
    assert await in_memory(Items, shop.unit_of_work()).count() == 0
    assert await waiting(shop) == []


async def test_a_store_without_an_outbox_is_told() -> None:
    class Bare:
        session = object()

    with pytest.raises(WiringError, match="object has no outbox"):
        await OutboxPublisher(writer()).accept(
            [RecordedEvent(ItemCreated(item_id=new_id(), title="a"), "item", "1")], Bare()
        )


async def test_direct_publishes_after_the_commit_in_order() -> None:
    broker = Broker()
    direct = DirectPublisher(writer(), broker)
    shop = Shop(direct)
    items = [await shop.create_item(title) for title in ("a", "b", "c")]
    await direct.drain()
    assert [UUID(one.key) for one in broker.published] == [item.id for item in items]


async def test_direct_publishes_nothing_of_a_rollback() -> None:
    broker = Broker()
    direct = DirectPublisher(writer(), broker)
    shop = Shop(direct)
    async with shop.unit_of_work() as work:
        await in_memory(Items, work).add(Item.create("Dune"))
    await direct.drain()
    assert broker.published == []


async def test_what_direct_loses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    direct = DirectPublisher(writer(), Broker(UnavailableException("away")))
    shop = Shop(direct)
    await shop.create_item("Dune")
    await direct.drain()
    assert "some were lost" in caplog.text
    assert await in_memory(Items, shop.unit_of_work()).count() == 1


async def test_direct_with_nothing_to_send_is_drained_at_once() -> None:
    async with asyncio.timeout(1):
        await DirectPublisher(writer(), Broker()).drain()


async def test_direct_stops_in_time_and_says_what_it_gave_up(caplog: pytest.LogCaptureFixture) -> None:
    class Silent(Broker):
        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            await asyncio.Event().wait()

    direct = DirectPublisher(writer(), Silent())
    await Shop(direct).create_item("Dune")
    async with asyncio.timeout(1):
        await direct.stop(within=0.02)
        await direct.drain()
    assert "some were lost" in caplog.text


@pytest.mark.requirement("MSG-6")
def test_the_configuration_decides_on_the_mode_of_cloudevents() -> None:
    recorded = RecordedEvent(ItemCreated(item_id=new_id(), title="Dune"), "item", "one")
    plain = writer_for(MessagingConfig(), source="shop").write(recorded)
    whole = writer_for(MessagingConfig(codec="cloudevents-structured"), source="shop").write(recorded)
    assert plain.content_type == "application/json"
    assert whole.content_type == STRUCTURED
    assert opened(whole) == plain
    named = writer_for(MessagingConfig(codec="event-data", destination_prefix="e"), source="shop")
    assert named.write(recorded).payload.startswith(b'{"event":"item_created"')
    assert named.write(recorded).destination == "e.item_created"
