"""A relay shows what waits and counts what it loses and gives up; the numbers are those of the store."""

from collections.abc import Iterator, Sequence

import pytest

from fastapi_chassis.application import MemorySession
from fastapi_chassis.messaging import (
    PARTITIONS,
    DeadLetterQuery,
    Envelope,
    InMemoryDeadLetters,
    OutboxMeter,
    PublishFailed,
    Refused,
    Relay,
)
from fastapi_chassis.messaging.memory_stores import _Owned
from fastapi_chassis.testing import eventually
from tests.measures import Measures, measured
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Shop, created, quick

BACKLOG, BLOCKED, AGE = "chassis.outbox.backlog", "chassis.outbox.blocked", "chassis.outbox.oldest.age"


@pytest.fixture
def measures() -> Iterator[Measures]:
    with measured() as measures:
        yield measures


class Refusing(Broker):
    """Refuses everything of one key, until it is told otherwise."""

    is_refusing = True

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.is_refusing and (
            reasons := {n: "no" for n, one in enumerate(envelopes) if one.key == "held"}
        ):
            raise PublishFailed(reasons)
        await super().publish(envelopes)


@pytest.mark.requirement("MSG-13")
async def test_backlog_age_and_blocked_keys_are_shown_until_nothing_waits(
    measures: Measures, shop: Shop
) -> None:
    broker = Refusing()
    config = quick(relay={"watch_interval": 0.01, "retry": {"base": 0.01, "cap": 0.05}}).relay
    await shop.write(created(key="held"), created(key="held"), created(key="free"))
    async with Relay(shop.outbox, broker, config, meter=OutboxMeter("memory")).running():
        store = {"chassis.store": "memory"}
        await eventually(lambda: (measures.total(BACKLOG, store), measures.total(BLOCKED, store)) == (2, 1))
        await eventually(lambda: measures.total(AGE, store) > 0.1)
        broker.is_refusing = False
        await shop.emptied()
        await eventually(lambda: [measures.total(name) for name in (BACKLOG, BLOCKED, AGE)] == [0, 0, 0])


@pytest.mark.requirement("MSG-13")
async def test_leases_that_others_took_are_counted(measures: Measures, shop: Shop, broker: Broker) -> None:
    zombie = relay(shop.outbox, broker, "zombie", lease=0.4)
    async with zombie.running():
        await eventually(lambda: zombie._tenure.is_whole)
        for row in shop.store.rows(_Owned).values():
            row.owner, row.token = "other", row.token + 1
        await eventually(lambda: measures.total("chassis.relay.leases.lost") == PARTITIONS)


@pytest.mark.requirement("MSG-13")
async def test_what_no_broker_takes_is_a_dead_letter_once(measures: Measures, shop: Shop) -> None:
    store = InMemoryDeadLetters(MemorySession(shop.store))
    await shop.write(created(key="held"))
    async with relay(shop.outbox, Refusing(), refused=Refused(store, "shop.outbox", 2)).running():
        await shop.emptied()
    assert len(await store.page(DeadLetterQuery())) == 1
    told = {
        "messaging.consumer.group.name": "shop.outbox",
        "messaging.destination.name": "integration-events.item_created",
        "error.type": "refused",
    }
    assert measures.points("chassis.dead_letters") == [(told, 1)]
