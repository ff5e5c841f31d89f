"""What tests of the relay share: a broker that notes what it gets, and relays that wait for milliseconds."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from fastapi_chassis.messaging import Envelope, OutboxStore, Refused, Relay, RelayConfig
from fastapi_chassis.messaging.memory_stores import _Owned
from tests.unit.messaging.shop import Shop, quick


class Broker:
    """Notes what is published; may raise, or wait until its gate opens."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.batches: list[int] = []
        self.faults: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.held_keys: set[str] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        if any(one.key in self.held_keys for one in envelopes):
            await self.gate.wait()
        self.published += envelopes
        self.batches.append(len(envelopes))

    async def subscribe(self, subscription: object, receive: object) -> object:
        raise NotImplementedError


def relay(
    outbox: OutboxStore,
    broker: object,
    owner: str = "",
    *,
    refused: Refused | None = None,
    **settings: object,
) -> Relay:
    config = RelayConfig.model_validate(quick().relay.model_dump() | settings)
    return Relay(outbox, broker, config, owner=owner, refused=refused)


def holders(shop: Shop) -> Counter[str | None]:
    """Counts the partitions of each relay."""
    return Counter(row.owner for row in shop.store.rows(_Owned).values())
