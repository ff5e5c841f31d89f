"""AsyncAPI 3: the document that tells others which events a service sends and takes, and how they look."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging.asyncapi_bindings import (
    Carrier,
    channel_bindings,
    message_bindings,
    operation_bindings,
)
from fastapi_chassis.messaging.asyncapi_schemas import ENVELOPE, Codecs, content_type_of, payload_schemas

type Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class DescribedConsumer:
    """Who takes an event.

    Args:
        group: its name to the broker.
        name: by which the inbox knows it, such as `shop.notifications.announce`.
        summary: what it does.
    """

    group: str
    name: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class DescribedEvent:
    """An event and its way.

    Args:
        event: its class.
        destination: the topic.
        is_sent: whether this service sends it.
        receivers: who takes it in this service.
        reads: older versions that are read too.
    """

    event: type[IntegrationEvent]
    destination: str
    is_sent: bool
    receivers: tuple[DescribedConsumer, ...] = ()
    reads: tuple[int, ...] = ()

    @property
    def channel(self) -> str:
        """The key of its channel."""
        return _key(self.event.message_name)

    @property
    def message(self) -> str:
        """The key of its message: name and version."""
        return f"{self.channel}.v{self.event.event_version}"


def asyncapi_document(
    info: Mapping[str, str],
    events: Sequence[DescribedEvent],
    *,
    codec: Codecs = "cloudevents",
    carrier: Carrier | None = None,
) -> Json:
    """Writes the document.

    Args:
        info: title, version, description.
        events: what is sent and taken.
        codec: how events are written, as the configuration says it.
        carrier: the broker; None where events stay in the process.
    """
    payloads, parts = payload_schemas(((one.message, one.event, one.is_sent) for one in events), codec)
    document: Json = {
        "asyncapi": "3.0.0",
        "info": {name: text for name, text in info.items() if text},
        "defaultContentType": content_type_of(codec),
    }
    if carrier is not None:
        document["servers"] = {
            _key(f"{carrier.name}{number or ''}"): {"host": host, "protocol": carrier.protocol}
            for number, host in enumerate(carrier.hosts)
        }
    document["channels"] = _channels(events, carrier)
    document["operations"] = dict(_operations(events, carrier))
    messages = {one.message: _message(one, payloads[one.message], codec, carrier) for one in events}
    document["components"] = {"messages": messages, "schemas": parts}
    return document


def _channels(events: Iterable[DescribedEvent], carrier: Carrier | None) -> Json:
    channels: dict[str, Json] = {}
    messages: dict[str, Json] = {}
    for one in events:
        messages.setdefault(one.channel, {})[one.message] = _ref("components", "messages", one.message)
        channels[one.channel] = {
            "address": one.destination,
            "messages": messages[one.channel],
            **channel_bindings(carrier, one.destination),
        }
    return {**channels}


def _operations(events: Iterable[DescribedEvent], carrier: Carrier | None) -> Iterable[tuple[str, Json]]:
    for one in events:
        about: Json = {
            "channel": _ref("channels", one.channel),
            "messages": [_ref("channels", one.channel, "messages", one.message)],
        }
        if one.is_sent:
            yield f"send.{one.message}", {"action": "send", **about, **operation_bindings(carrier)}
        for taker in one.receivers:
            told: Json = {"summary": taker.summary} if taker.summary else {}
            bindings = operation_bindings(carrier, taker.group)
            yield (
                f"receive.{one.message}.{_key(taker.name)}",
                {"action": "receive", "title": taker.name, **told, **about, **bindings},
            )


def _message(one: DescribedEvent, payload: Json, codec: Codecs, carrier: Carrier | None) -> Json:
    prefix = carrier.prefix if carrier else ""
    message: Json = {
        "name": one.event.message_name,
        "title": one.event.__name__,
        "contentType": content_type_of(codec),
        "payload": payload,
        **message_bindings(carrier),
    }
    if said := said_of(one.event):
        message["summary"] = said.partition("\n")[0]
    if one.reads:
        message["description"] = f"Also read in version {', '.join(map(str, one.reads))}."
    if codec != "cloudevents-structured":
        properties: dict[str, Json] = {f"{prefix}{name}": dict(form) for name, form in ENVELOPE.items()}
        if codec == "event-data":
            del properties[f"{prefix}specversion"]
        required = [name for name in properties if name != f"{prefix}correlationid"]
        message["headers"] = {"type": "object", "properties": properties, "required": required}
        message["correlationId"] = {"location": f"$message.header#/{prefix}correlationid"}
    return message


def said_of(described: object) -> str:
    """Returns the docstring of a class or function, where somebody wrote one."""
    text = getattr(described, "__doc__", None) or ""
    name = getattr(described, "__name__", "")
    return "" if text.startswith(f"{name}(") else text.strip()  # what dataclasses write by themselves


def _ref(*path: str) -> Json:
    return {"$ref": f"#/{'/'.join(path)}"}


def _key(name: str) -> str:
    """Writes a name as a key that may stand in references."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
