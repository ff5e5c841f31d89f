"""The road over NATS bears what every road must, and what only this one meets."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from fastapi_chassis.messaging import PublishFailed
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.transport import Recorder
from tests.contracts.nats_broker import NatsBroker
from tests.integration.plugins.nats.conftest import NatsRoad, travel
from tests.integration.plugins.roads import SharedRoadSuite

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


class TestRoad(SharedRoadSuite[NatsBroker]):
    def travel(self, url: str, beside: NatsRoad | None = None) -> AbstractAsyncContextManager[NatsRoad]:
        return travel(url, beside)

    @pytest.fixture
    def url(self, nats_url: str) -> str:
        return nats_url


async def test_what_is_sent_again_lies_there_once(road: NatsRoad) -> None:
    recorder, batch = Recorder(), road.batch(0, 20)
    await road.transport.publish(batch)
    await road.transport.publish(batch)
    await road.join(recorder)
    await eventually(lambda: len(recorder.numbers) >= 20)
    await asyncio.sleep(0.2)
    assert sorted(recorder.numbers) == list(range(20))


async def test_what_nats_can_not_carry_fails_alone(road: NatsRoad) -> None:
    recorder = Recorder()
    await road.join(recorder)
    batch = [
        road.batch(0, 1)[0],
        envelope(1, destination="d" * 2_000),
        envelope(2, destination="\udc00"),
        road.batch(3, 1)[0],
    ]
    with pytest.raises(PublishFailed) as caught:
        await road.transport.publish(batch)
    assert list(caught.value.reasons) == [1, 2]
    await eventually(lambda: sorted(recorder.numbers) == [0, 3])
