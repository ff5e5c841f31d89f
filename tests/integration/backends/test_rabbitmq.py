"""RabbitMQ through aio-pika."""

import asyncio

import aio_pika
import pytest

pytestmark = pytest.mark.backends("rabbitmq")


@pytest.mark.requirement("TST-3")
async def test_a_confirmed_message_is_taken_from_a_quorum_queue(rabbitmq_url):
    connection = await aio_pika.connect(rabbitmq_url, timeout=10)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue("smoke", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"hello", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key="smoke", mandatory=True, timeout=10)
        received = await queue.get(timeout=10)
        assert received is not None
        assert received.body == b"hello"
        await received.ack()
        await queue.delete(if_unused=False, if_empty=False)


async def test_a_private_broker_survives_a_kill_with_its_messages(private_backend):
    server = private_backend("rabbitmq")
    connection = await aio_pika.connect(server.url, timeout=10)
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    # RabbitMQ 4.3 writes the registration of a new quorum queue with a delay: killed within it, it forgets
    # what it confirmed.
    await asyncio.sleep(1.5)
    message = aio_pika.Message(b"hello", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key="kept", timeout=10)
    server.kill()
    await connection.close()
    server.start()
    async with await aio_pika.connect(server.url, timeout=10) as again:
        queue = await (await again.channel()).get_queue("kept")
        received = await queue.get(timeout=30)
        assert received is not None
        assert received.body == b"hello"
        await received.ack()
