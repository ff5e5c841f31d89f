import pytest

from fastapi_chassis.messaging import Carrier
from fastapi_chassis.messaging.asyncapi_bindings import (
    channel_bindings,
    message_bindings,
    operation_bindings,
)


def carrier(protocol: str) -> Carrier:
    return Carrier("broker", protocol, ("localhost:1",), exchange="events")


def test_kafka_has_topic_group_and_key() -> None:
    kafka = carrier("kafka")
    assert channel_bindings(kafka, "a.b") == {
        "bindings": {"kafka": {"topic": "a.b", "bindingVersion": "0.5.0"}}
    }
    group = {"type": "string", "enum": ["shop.items"]}
    assert operation_bindings(kafka, "shop.items")["bindings"] == {
        "kafka": {"groupId": group, "bindingVersion": "0.5.0"}
    }
    assert operation_bindings(kafka) == {}
    assert "key" in message_bindings(kafka)["bindings"]["kafka"]


def test_amqp_has_the_exchange_and_how_messages_are_sent_and_taken() -> None:
    amqp = carrier("amqp")
    assert channel_bindings(amqp, "a.b")["bindings"]["amqp"]["exchange"]["name"] == "events"
    assert operation_bindings(amqp)["bindings"]["amqp"]["mandatory"] is True
    assert operation_bindings(amqp, "shop.items")["bindings"]["amqp"]["ack"] is True
    assert message_bindings(amqp) == {}


def test_nats_has_its_group() -> None:
    nats = carrier("nats")
    assert operation_bindings(nats, "shop.items")["bindings"]["nats"]["queue"] == "shop.items"
    assert operation_bindings(nats) == {} == channel_bindings(nats, "a.b")


@pytest.mark.parametrize("other", [None, carrier("redis")])
def test_others_have_none(other: Carrier | None) -> None:
    assert channel_bindings(other, "a") == operation_bindings(other, "g") == message_bindings(other) == {}
