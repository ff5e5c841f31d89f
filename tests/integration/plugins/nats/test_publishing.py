"""A batch is confirmed, or the truth is told about each of its messages."""

import asyncio
from dataclasses import replace
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.integration.plugins.nats.conftest import NatsRoad, travel
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_a_message_that_is_too_large_fails_alone(road: NatsRoad) -> None:
    recorder = Recorder()
    batch = road.batch(0, 3)
    batch[1] = replace(batch[1], headers={"much": "x" * 1_048_576})
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish(batch)
    assert caught.value.reasons == {1: "the message is larger than the server takes"}
    await road.join(recorder)
    await eventually(lambda: sorted(recorder.numbers) == [0, 2])


async def test_a_full_stream_refuses_and_says_so(server: Backend) -> None:
    async with travel(server.url, stream={"max_messages": 5}) as road:
        with pytest.raises(PublishFailed) as caught:
            await road.transport.publish(road.batch(0, 8))
        assert list(caught.value.reasons) == [5, 6, 7]
        assert "maximum messages exceeded" in caught.value.reasons[5]


async def test_a_stream_that_was_deleted_is_made_anew(server: Backend) -> None:
    async with travel(server.url) as road:
        recorder = Recorder()
        await road.join(recorder)
        wire = await road.broker.publishing.wire()
        await wire.api("STREAM.DELETE.integration-events")
        with pytest.raises(UnavailableException):
            await road.transport.publish(road.batch(0, 5))
        await road.publish_until_confirmed(road.batch(0, 5))
        await eventually(lambda: sorted(set(recorder.numbers)) == list(range(5)))


async def test_many_publish_at_once(road: NatsRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    await asyncio.gather(*(road.transport.publish(road.batch(n * 10, 10)) for n in range(50)))
    await eventually(lambda: sorted(recorder.numbers) == list(range(500)))


async def test_a_lost_confirmation_is_told_at_once_and_costs_no_second_message(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        cut = proxy.cut(b"HPUB messages.", after=True)
        batch, begun = road.batch(0, 10), monotonic()
        with pytest.raises(UnavailableException):
            await road.transport.publish(batch)
        assert cut.fired == 1
        assert monotonic() - begun < 0.9  # not the time-out
        await road.publish_until_confirmed(batch)
        recorder = Recorder()
        await road.join(recorder)
        await eventually(lambda: len(recorder.numbers) >= 10)
        await asyncio.sleep(0.2)
        assert sorted(recorder.numbers) == list(range(10))
