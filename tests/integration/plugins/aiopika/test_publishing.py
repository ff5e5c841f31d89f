"""Publishing: what was not taken is told by position, and every wait has an end."""

import asyncio
import time
from collections.abc import Mapping

import pytest
from pamqp.commands import Basic

from fastapi_chassis.domain import UnavailableException, new_id
from fastapi_chassis.plugins.aiopika.publishing import FaultEnum, Parcel, Publisher
from fastapi_chassis.testing.chaos import Stream, Timeout
from tests.integration.plugins.aiopika.conftest import RabbitRoad, travel
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


def parcel(queue: str, body: bytes = b"?") -> Parcel:
    return Parcel("", queue, Basic.Properties(message_id=new_id().hex, delivery_mode=2), body)


async def declare(road: RabbitRoad, arguments: Mapping[str, int | str] | None = None) -> str:
    channel = await road.broker.publishing.channel()
    await channel.queue_declare(
        road.group, durable=True, arguments={"x-queue-type": "quorum", **(arguments or {})}
    )
    await channel.close()
    return road.group


async def bodies(road: RabbitRoad) -> list[bytes]:
    channel = await road.broker.publishing.channel()
    found = []
    while (message := await channel.basic_get(road.group, no_ack=True)).delivery_tag is not None:
        found.append(message.body)
    await channel.close()
    return found


async def test_a_batch_keeps_its_order_and_its_sizes(road: RabbitRoad) -> None:
    queue = await declare(road)
    sizes = [0, 1, 131_064, 131_063, 131_072, 700_000, 3]
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]
    assert await Publisher(road.broker.publishing).send([parcel(queue, body) for body in sent]) == {}
    assert await bodies(road) == sent


async def test_batches_of_several_callers_do_not_disturb_each_other(road: RabbitRoad) -> None:
    queue, publisher = await declare(road), Publisher(road.broker.publishing)
    faults = await asyncio.gather(
        *(
            publisher.send([parcel(f"{queue}.gone" if n == one else queue, b"%d" % one) for n in range(10)])
            for one in range(10)
        )
    )
    assert faults == [{one: FaultEnum.UNROUTABLE} for one in range(10)]
    assert sorted(await bodies(road)) == sorted(b"%d" % one for one in range(10) for _ in range(9))


async def test_what_the_queue_refuses_is_told(road: RabbitRoad) -> None:
    queue = await declare(road, {"x-max-length": 5, "x-overflow": "reject-publish"})
    publisher = Publisher(road.broker.publishing)
    refused: dict[int, FaultEnum] = {}
    for _ in range(20):
        refused |= await publisher.send([parcel(queue)])
        if refused:
            break
    assert refused == {0: FaultEnum.REFUSED}


async def test_a_channel_that_the_server_closes_is_opened_again(road: RabbitRoad) -> None:
    queue, publisher = await declare(road), Publisher(road.broker.publishing)
    nowhere = Parcel("no-such-exchange", "", Basic.Properties(message_id="1"), b"")
    with pytest.raises(UnavailableException):
        await publisher.send([parcel(queue), nowhere])
    assert await publisher.send([parcel(queue)]) == {}


async def test_who_is_cancelled_disturbs_nobody(road: RabbitRoad) -> None:
    queue, publisher = await declare(road), Publisher(road.broker.publishing)
    await publisher.send([parcel(queue, b"first")])
    for steps in range(12):
        leaving = asyncio.create_task(publisher.send([parcel(queue, b"left")]))
        for _ in range(steps):
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        body = b"%d" % steps
        assert await publisher.send([parcel(queue, body), parcel("gone", body)]) == {1: FaultEnum.UNROUTABLE}
    stayed = [body for body in await bodies(road) if body != b"left"]
    assert stayed == [b"first", *(b"%d" % steps for steps in range(12))]


async def test_confirmations_that_are_lost_end_in_time_and_the_next_batch_goes_out(rabbitmq_url: str) -> None:
    async with way_to(rabbitmq_url) as proxy, travel(proxy.url_for(rabbitmq_url), publish_timeout=1) as road:
        queue, publisher = await declare(road), Publisher(road.broker.publishing)
        await publisher.send([parcel(queue)])
        with proxy.toxic(Timeout(stream=Stream.DOWNSTREAM)):
            began = time.monotonic()
            with pytest.raises(UnavailableException):
                await publisher.send([parcel(queue)])
            assert time.monotonic() - began < 2
        assert await publisher.send([parcel(queue)]) == {}


async def test_nothing_is_kept_of_what_was_confirmed(road: RabbitRoad) -> None:
    queue, publisher = await declare(road), Publisher(road.broker.publishing)
    await publisher.send([parcel(queue) for _ in range(100)] + [parcel("gone")])
    channel = publisher._channel
    assert channel is not None
    assert (dict(channel.confirmations), channel.message_id_delivery_tag) == ({}, {})
