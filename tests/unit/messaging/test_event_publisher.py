import pytest

from fastapi_chassis.domain import WiringError, new_id
from fastapi_chassis.messaging import (
    Ack,
    Delivery,
    InMemoryTransport,
    MessagingConfig,
    Outcome,
    Subscription,
    create_event_publisher,
)
from tests.unit.messaging.shop import ItemCreated, Shop


def event() -> ItemCreated:
    return ItemCreated(item_id=new_id(), title="Dune")


@pytest.mark.requirement("MSG-10")
async def test_with_an_outbox_the_event_leaves_with_the_transaction_of_the_session() -> None:
    shop = Shop()
    for is_committed in (False, True):
        async with shop.unit_of_work() as work:
            publisher = create_event_publisher(MessagingConfig(), session=work.session, source="shop")
            await publisher.publish(event(), key="one")
            if is_committed:
                await work.commit()
        assert (await shop.outbox.backlog()).count == int(is_committed)


@pytest.mark.requirement("MSG-10")
async def test_without_an_outbox_the_event_leaves_at_once() -> None:
    seen: list[Delivery] = []

    async def receive(delivery: Delivery) -> Outcome:
        seen.append(delivery)
        return Ack()

    transport, sent = InMemoryTransport(), event()
    await transport.subscribe(Subscription("g", frozenset({"integration-events.item_created"})), receive)
    publisher = create_event_publisher(MessagingConfig(enable_outbox=False), transport=transport)
    await publisher.publish(sent, key="one")
    assert [(one.envelope.id, one.envelope.key) for one in seen] == [(sent.event_id, "one")]


async def test_an_event_without_a_key_is_an_order_of_its_own() -> None:
    shop, sent = Shop(), event()
    async with shop.unit_of_work() as work:
        await create_event_publisher(MessagingConfig(), session=work.session).publish(sent)
        rows = next(iter(work.session._changes.values()))
    assert [row.entry.envelope.key for row in rows.values()] == [str(sent.event_id)]


@pytest.mark.parametrize(
    ("config", "missing"),
    [(MessagingConfig(), "session="), (MessagingConfig(enable_outbox=False), "transport=")],
)
def test_what_is_missing_is_told(config: MessagingConfig, missing: str) -> None:
    with pytest.raises(WiringError, match=missing):
        create_event_publisher(config)


def test_a_session_of_a_store_without_an_outbox_is_told() -> None:
    with pytest.raises(WiringError, match="has no outbox"):
        create_event_publisher(MessagingConfig(), session=object())
