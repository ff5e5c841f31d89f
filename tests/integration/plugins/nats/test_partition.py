"""A part is read in order, whoever had some of it before, and never beyond what there is room for."""

import asyncio
import json

import pytest

from fastapi_chassis.plugins.nats.subjects import partition_of
from fastapi_chassis.plugins.nats.topology import consumer_name, make_consumer, nanoseconds
from fastapi_chassis.plugins.nats.wire import Wire
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.nats.conftest import NatsRoad, travel

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def unsettled(wire: Wire, road: NatsRoad) -> int:
    names = [consumer_name(road.group, number) for number in range(wire.partitions)]
    said = [
        await wire.api(f"CONSUMER.INFO.{road.broker.consuming.config.stream.name}.{one}") for one in names
    ]
    return sum(one["num_ack_pending"] for one in said)


async def steal(wire: Wire, road: NatsRoad, part: int, many: int) -> None:
    """Takes messages and never settles them, as a member does that dies."""
    taken = []

    async def take(message: object) -> None:
        taken.append(message)

    inbox = wire.inbox()
    await wire.listen(inbox, take)
    stream = road.broker.consuming.config.stream.name
    ask = json.dumps({"batch": many, "expires": nanoseconds(1)}).encode()
    await wire.send(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer_name(road.group, part)}", ask, reply=inbox)
    await eventually(lambda: len(taken) == many)


async def test_what_another_had_comes_before_what_is_newer(road: NatsRoad) -> None:
    wire = await road.broker.consuming.wire()
    part = partition_of("0", wire.partitions)
    await make_consumer(wire, road.group, part, {road.topic})
    await road.transport.publish(road.batch(0, 20, keys=1))
    await steal(wire, road, part, 7)
    recorder = Recorder()
    await road.join(recorder)
    await road.transport.publish(road.batch(20, 20, keys=1))
    await eventually(lambda: len(recorder.numbers) >= 40)
    assert recorder.numbers == list(range(40))


async def test_no_more_is_asked_for_than_there_is_room(nats_url: str) -> None:
    async with travel(nats_url, held=12) as road:
        gate = asyncio.Event()

        class Gated(Recorder):
            async def __call__(self, delivery):  # type: ignore[no-untyped-def]  # as its parent's
                await gate.wait()
                return await super().__call__(delivery)

        recorder = Gated()
        await road.join(recorder, concurrency=3)
        await road.transport.publish(road.batch(0, 200, keys=50))
        wire = await road.broker.consuming.wire()
        await asyncio.sleep(0.5)
        assert 0 < await unsettled(wire, road) <= 12
        gate.set()
        await eventually(lambda: len(recorder.numbers) == 200)


async def test_what_takes_longer_than_the_servers_patience_does_not_come_again(road: NatsRoad) -> None:
    recorder = Recorder(takes=3.5)  # ack_wait is 1.5
    await road.join(recorder)
    await road.transport.publish(road.batch(0, 5, keys=2))
    await eventually(lambda: recorder.done >= 2)
    assert len(recorder.numbers) == len(set(recorder.numbers))
    wire = await road.broker.consuming.wire()
    assert await unsettled(wire, road) == 3
