"""What no other store has to promise: the contract suite tells the rest."""

from datetime import timedelta

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.messaging import InMemoryClaimCheckStore


async def test_a_payload_is_gone_at_the_very_end_of_its_time() -> None:
    clock = FrozenClock()
    store = InMemoryClaimCheckStore(clock)
    name = await store.put(b"payload", timedelta(minutes=1))
    clock.advance(timedelta(seconds=59))
    assert await store.get(name) == b"payload"
    clock.advance(timedelta(seconds=1))
    assert await store.get(name) is None
    assert await store.purge(limit=10) == 1
