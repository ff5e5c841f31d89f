"""Streams and consumers are what the section says, made once whoever is quicker."""

import asyncio

import pytest

from fastapi_chassis.plugins.nats import NatsStreamError
from fastapi_chassis.plugins.nats.topology import consumer_name, has_consumer, make_consumer
from fastapi_chassis.testing.backends import Backend
from tests.integration.plugins.nats.conftest import NatsRoad, travel

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_many_services_that_start_at_once_agree(server: Backend) -> None:
    async def partitions(wanted: int) -> int:
        async with travel(server.url, stream={"partitions": wanted}) as road:
            return (await road.broker.publishing.wire()).partitions

    assert len(set(await asyncio.gather(*(partitions(number) for number in range(2, 7))))) == 1


async def test_a_consumer_gives_explicitly_and_within_bounds(road: NatsRoad) -> None:
    wire = await road.broker.consuming.wire()
    assert not await has_consumer(wire, road.group, 1)
    await make_consumer(wire, road.group, 1, {road.topic, "a b"})
    assert await has_consumer(wire, road.group, 1)
    name = consumer_name(road.group, 1)
    made = (await wire.api(f"CONSUMER.INFO.integration-events.{name}"))["config"]
    assert (made["durable_name"], made["ack_policy"], made["deliver_policy"]) == (name, "explicit", "all")
    assert (made["max_ack_pending"], made["max_deliver"], made["ack_wait"]) == (1_000, -1, 1_500_000_000)
    assert made["filter_subjects"] == ["messages.1.a%20b", f"messages.1.{road.topic}"]


async def test_what_the_server_refuses_is_told_to_the_operator(road: NatsRoad) -> None:
    wire = await road.broker.consuming.wire()
    await make_consumer(wire, road.group, 0, {road.topic})
    name = consumer_name(road.group, 0)
    await wire.api(f"CONSUMER.DELETE.integration-events.{name}")
    config = {"name": name, "durable_name": name, "ack_policy": "none", "deliver_policy": "new"}
    await wire.api(
        f"CONSUMER.CREATE.integration-events.{name}", stream_name="integration-events", config=config
    )
    with pytest.raises(NatsStreamError, match="nats refuses the consumer"):
        await make_consumer(wire, road.group, 0, {road.topic})
