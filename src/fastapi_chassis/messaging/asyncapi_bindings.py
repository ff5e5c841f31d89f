"""Bindings of AsyncAPI: what of a channel, an operation and a message is its broker's own."""

from dataclasses import dataclass

type Json = dict[str, object]

_KAFKA, _AMQP, _NATS = {"bindingVersion": "0.5.0"}, {"bindingVersion": "0.3.0"}, {"bindingVersion": "0.1.0"}


@dataclass(frozen=True, slots=True)
class Carrier:
    """The broker that carries events, as a document may show it.

    Args:
        name: what the configuration calls it.
        protocol: `kafka`, `amqp`, `nats`, `redis`, or another that has no bindings here.
        hosts: where it is, without any login.
        prefix: what stands before the attributes of a CloudEvent in its headers.
        exchange: through which messages go, where the protocol has such a thing.
    """

    name: str
    protocol: str
    hosts: tuple[str, ...]
    prefix: str = ""
    exchange: str = ""


def channel_bindings(carrier: Carrier | None, destination: str) -> Json:
    """Writes what a destination is to the broker."""
    match carrier:
        case Carrier(protocol="kafka" | "kafka-secure"):
            return _bindings("kafka", {"topic": destination, **_KAFKA})
        case Carrier(protocol="amqp" | "amqps", exchange=name):
            exchange = {"name": name, "type": "topic", "durable": True}
            return _bindings("amqp", {"is": "routingKey", "exchange": exchange, **_AMQP})
        case _:
            return {}


def operation_bindings(carrier: Carrier | None, group: str = "") -> Json:
    """Writes how the broker sends, or hands messages to a group where one is given."""
    match carrier:
        case Carrier(protocol="kafka" | "kafka-secure") if group:
            return _bindings("kafka", {"groupId": {"type": "string", "enum": [group]}, **_KAFKA})
        case Carrier(protocol="amqp" | "amqps"):
            how: Json = {"ack": True} if group else {"deliveryMode": 2, "mandatory": True}
            return _bindings("amqp", {**how, **_AMQP})
        case Carrier(protocol="nats") if group:
            return _bindings("nats", {"queue": group, **_NATS})
        case _:
            return {}


def message_bindings(carrier: Carrier | None) -> Json:
    """Writes what of a message is the broker's: the key."""
    if carrier is None or not carrier.protocol.startswith("kafka"):
        return {}
    key = {"type": "string", "description": "What keeps the order: the id of the aggregate."}
    return _bindings("kafka", {"key": key, **_KAFKA})


def _bindings(protocol: str, value: Json) -> Json:
    return {"bindings": {protocol: value}}
