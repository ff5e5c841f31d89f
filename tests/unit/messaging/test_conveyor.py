"""The size of a conveyor's batches follows what it carries; everything else is told of the relay."""

from fastapi_chassis.messaging import Envelope
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Shop, created


async def carried(*envelopes: Envelope, **settings: object) -> list[int]:
    shop, broker = Shop(), Broker()
    await shop.write(*envelopes)
    async with relay(shop.outbox, broker, batches=1, **settings).running():
        await shop.emptied()
    return broker.batches


async def test_large_messages_make_small_batches() -> None:
    batches = await carried(*(created("x" * 10_000) for _ in range(60)), batch=20, batch_bytes=50_000)
    assert max(batches[2:]) <= 5
    assert sum(batches) == 60


async def test_small_messages_make_batches_grow() -> None:
    assert await carried(*(created() for _ in range(3_000)), batch=2_000) == [500, 1_000, 1_500]


async def test_what_is_larger_than_a_batch_may_be_goes_alone() -> None:
    batches = await carried(*(created("x" * 5_000) for _ in range(8)), batch=3, batch_bytes=1_024)
    assert batches[-1] == 1
    assert sum(batches) == 8
