"""The size of a conveyor's batches follows what it carries; everything else is told of the relay."""

from collections.abc import Sequence

from fastapi_chassis.messaging import Envelope, Relay, RelayConfig, outbox_for
from tests.unit.messaging.shop import Shop, created, quick
from tests.unit.messaging.test_relay import empty


class Sizes:
    def __init__(self) -> None:
        self.batches: list[int] = []

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.batches.append(len(envelopes))

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


async def carried(*envelopes: Envelope, **settings: object) -> list[int]:
    shop, sizes = Shop(), Sizes()
    async with shop.unit_of_work() as work:
        await outbox_for(work.session).add(envelopes)
        await work.commit()
    config = RelayConfig(**(quick().relay.model_dump() | {"batches": 1} | settings))
    async with Relay(shop.outbox, sizes, config).running():
        await empty(shop)
    return sizes.batches


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
