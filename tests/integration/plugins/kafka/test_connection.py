"""Every way to the cluster ends in a connection or in a sentence, and every wait has an end."""

import asyncio
from time import monotonic

import pytest
from aiokafka import AIOKafkaConsumer

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.kafka import (
    KafkaAwayError,
    KafkaConfig,
    KafkaConnection,
    KafkaTopicError,
    KafkaTransport,
    open_kafka,
)
from fastapi_chassis.testing import eventually
from fastapi_chassis.testing.contracts.envelopes import envelope

pytestmark = pytest.mark.backends("kafka")

CANARY = "canary-8c1f"
SOON = {"request_timeout": 0.5, "publish_timeout": 1}


def config_for(servers: str, **settings: object) -> KafkaConfig:
    return KafkaConfig.model_validate(
        {"bootstrap_servers": servers.removeprefix("kafka://"), **SOON, **settings}
    )


async def test_nobody_there() -> None:
    begun = monotonic()
    with pytest.raises(KafkaAwayError, match=r"kafka \(127\.0\.0\.1:1\) can't be reached") as told:
        async with open_kafka(KafkaConnection(config_for("127.0.0.1:1", username="ann", password=CANARY))):
            pytest.fail("somebody is there")
    assert CANARY not in str(told.value)
    assert monotonic() - begun < 5


@pytest.mark.requirement("MSG-6")
async def test_tls_and_logins_are_really_used(kafka_servers: str) -> None:
    for settings in ({"tls": {"enabled": True, "verify": False}}, {"username": "ann", "password": CANARY}):
        with pytest.raises(KafkaAwayError) as told:
            async with open_kafka(KafkaConnection(config_for(kafka_servers, **settings))):
                pytest.fail("a server that speaks plainly took it")
        assert CANARY not in str(told.value)


async def test_topics_are_made_only_where_that_is_wanted(kafka_servers: str) -> None:
    topic = f"integration-events.{new_id().hex}"
    async with open_kafka(KafkaConnection(config_for(kafka_servers), creates_topics=False)) as connection:
        with pytest.raises(KafkaTopicError, match=f"the topic {topic} is missing"):
            await KafkaTransport(connection).publish([envelope(1, destination=topic)])
    async with open_kafka(KafkaConnection(config_for(kafka_servers))) as connection:
        await asyncio.gather(*(connection.want({topic}) for _ in range(5)))

        async def is_known() -> bool:
            return topic in await connection.topics()

        await eventually(is_known)  # a broker hears of it from the controller
        with pytest.raises(KafkaTopicError, match="does not make the topic"):
            await connection.want({"no topic!"})


async def test_the_brokers_say_when_a_message_came(kafka_servers: str) -> None:
    topic = f"integration-events.{new_id().hex}"
    async with open_kafka(KafkaConnection(config_for(kafka_servers))) as connection:
        await KafkaTransport(connection).publish([envelope(1, destination=topic)])
    servers = kafka_servers.removeprefix("kafka://")
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 30)
    finally:
        await consumer.stop()
    assert record.timestamp_type == 1, "by the clock of a process that is hours ahead it would be refused"
