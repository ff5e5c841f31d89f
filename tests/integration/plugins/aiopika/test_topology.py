"""Topology: the queues of a group, what they are, and whose name is taken."""

import pytest

from fastapi_chassis.messaging import Subscription
from fastapi_chassis.plugins.aiopika import AioPikaTopologyError
from fastapi_chassis.plugins.aiopika.topology import dead_queue, declare_exchange, declare_group
from tests.integration.plugins.aiopika.conftest import RabbitRoad

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


async def test_it_can_be_declared_again_with_more_destinations(road: RabbitRoad) -> None:
    channel = await road.broker.publishing.channel()
    for destinations in ({road.topic}, {road.topic, f"{road.topic}.more"}):
        subscription = Subscription(road.group, frozenset(destinations))
        await declare_group(channel, subscription, "integration-events", within=5)
    for queue in (road.group, dead_queue(road.group)):
        await channel.queue_declare(queue, passive=True, durable=True)
    await channel.close()


async def test_an_exchange_of_another_kind_is_refused_with_its_name(road: RabbitRoad) -> None:
    channel = await road.broker.publishing.channel()
    await channel.exchange_declare(road.topic, exchange_type="fanout", auto_delete=True)
    with pytest.raises(AioPikaTopologyError, match=f"the topic exchange {road.topic}"):
        await declare_exchange(channel, road.topic, within=5)
    again = await road.broker.publishing.channel()
    await again.exchange_delete(road.topic)
    await again.close()
