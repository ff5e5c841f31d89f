"""Kafka through aiokafka."""

import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

pytestmark = pytest.mark.backends("kafka")


@pytest.fixture
async def topic(kafka_servers):
    name = f"smoke-{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])
        yield name
        await admin.delete_topics([name])
    finally:
        await admin.close()


@pytest.mark.requirement("TST-3")
async def test_a_message_reaches_a_group_with_key_and_headers(kafka_servers, topic):
    async with AIOKafkaProducer(bootstrap_servers=kafka_servers, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"hello", key=b"k", headers=[("trace", b"1")])
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka_servers, group_id=topic, auto_offset_reset="earliest"
    )
    async with consumer:
        message = await consumer.getone()
        assert (message.key, message.value, message.headers) == (b"k", b"hello", (("trace", b"1"),))
        await consumer.commit()


async def test_a_transaction_becomes_visible_as_a_whole(kafka_servers, topic):
    producer = AIOKafkaProducer(bootstrap_servers=kafka_servers, transactional_id=topic)
    async with producer, producer.transaction():
        await producer.send_and_wait(topic, b"one", partition=0)
        await producer.send_and_wait(topic, b"two", partition=0)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with consumer:
        assert [(await consumer.getone()).value, (await consumer.getone()).value] == [b"one", b"two"]
