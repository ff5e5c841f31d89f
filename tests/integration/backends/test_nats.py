"""NATS JetStream through nats-py."""

import nats
import pytest

pytestmark = pytest.mark.backends("nats")


@pytest.mark.requirement("TST-3")
async def test_a_stored_message_is_fetched_and_acknowledged(nats_url):
    connection = await nats.connect(nats_url)
    try:
        stream = connection.jetstream()
        await stream.add_stream(name="SMOKE", subjects=["smoke.*"])
        stored = await stream.publish("smoke.one", b"hello", headers={"trace": "1"})
        assert stored.seq == 1
        consumer = await stream.pull_subscribe("smoke.one", durable="smoke")
        (message,) = await consumer.fetch(1, timeout=5)
        assert (message.data, message.headers) == (b"hello", {"trace": "1"})
        await message.ack_sync()
        await stream.delete_stream("SMOKE")
    finally:
        await connection.close()
