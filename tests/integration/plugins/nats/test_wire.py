"""A connection notices its end by itself, and says what JetStream refuses."""

import asyncio
from time import monotonic

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.nats.errors import NOT_FOUND, UNAVAILABLE, RefusedError
from fastapi_chassis.testing.chaos import Timeout
from tests.integration.plugins.nats.conftest import NatsRoad, travel
from tests.integration.plugins.roads import way_to

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_a_refusal_is_told_with_its_number(road: NatsRoad) -> None:
    wire = await road.broker.publishing.wire()
    with pytest.raises(RefusedError) as told:
        await wire.api("STREAM.INFO.nobody")
    assert told.value.code == NOT_FOUND
    with pytest.raises(RefusedError) as told:
        await wire.ask("nobody.listens")
    assert told.value.code == UNAVAILABLE


async def test_a_half_open_connection_is_noticed(nats_url: str) -> None:
    async with way_to(nats_url) as proxy, travel(proxy.url_for(nats_url)) as road:
        wire = await road.broker.publishing.wire()
        assert wire.is_open
        begun = monotonic()
        with proxy.toxic(Timeout()):
            await asyncio.wait_for(asyncio.shield(wire.closed), 3)
        assert monotonic() - begun < 2.5
        assert not wire.is_open
        for doing in (wire.send("a"), wire.flush(), wire.ask("a"), wire.push()):
            with pytest.raises(UnavailableException):
                await doing


async def test_broken_off_it_is_closed_at_once_and_another_one_takes_its_place(road: NatsRoad) -> None:
    wire = await road.broker.publishing.wire()
    wire.abort()
    assert wire.closed.done()
    others = await asyncio.gather(*(road.broker.publishing.wire() for _ in range(5)))
    assert len(set(map(id, others))) == 1
    assert others[0] is not wire
    await others[0].flush()
