"""Codecs: an integration event as bytes, and back; CloudEvents by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticSerializationError, to_json

from fastapi_chassis.domain import IntegrationEvent, ValidationException
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.conversation import SPEC_VERSION
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.registry import EventRegistry

MAX_PAYLOAD = 1024 * 1024
_CARRIED = {"event_id", "occurred_at"}  # in the envelope, as id and time


class UnreadableMessage(Exception):  # noqa: N818 - an outcome, which becomes a dead letter
    """A message is not what it should be; the text says why and shows nothing of its content."""


@dataclass(frozen=True, slots=True)
class Body:
    """An event as bytes.

    Args:
        payload: the bytes.
        content_type: what they are.
        headers: what a reader needs to know besides.
    """

    payload: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Codec(Protocol):
    """Writes events and reads them again."""

    def write(self, event: IntegrationEvent) -> Body:
        """Writes what an event says; its identity and time travel in the envelope.

        Raises:
            ValidationException: it is larger than 1 MiB.
            TypeError: its content does not fit its type.
        """
        ...

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads an event, with the identity and time of its envelope.

        Raises:
            UnreadableMessage: its type is not known, or its content is not what its type says.
        """
        ...


class EventJson:
    """Events as JSON objects; the form of each type is compiled once."""

    def __init__(self) -> None:
        self._forms: dict[type[IntegrationEvent], TypeAdapter[IntegrationEvent]] = {}

    def dump(self, event: IntegrationEvent) -> bytes:
        """Writes what an event says, without what the envelope carries; what goes out can be read again."""
        form = self.form(type(event))
        try:
            return form.dump_json(form.validate_python(event), exclude=_CARRIED)
        except (ValidationError, PydanticSerializationError) as fault:
            raise TypeError(f"{event.message_name} can't be sent: it does not fit its type") from fault

    def form(self, event: type[IntegrationEvent]) -> TypeAdapter[IntegrationEvent]:
        """Returns the form of a type."""
        form = self._forms.get(event)
        if form is None:
            form = self._forms[event] = TypeAdapter(event)
        return form


class CloudEventsCodec:
    """CloudEvents 1.0 in binary mode: the payload is the data, everything else stands in the envelope."""

    def __init__(self) -> None:
        self._json = EventJson()

    def write(self, event: IntegrationEvent) -> Body:
        """Writes the data as JSON."""
        payload = _limited(event, self._json.dump(event))
        return Body(payload, headers={SPEC_VERSION: "1.0"})

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads the data as the type that the envelope names."""
        _check_size(envelope)
        event = _known(registry, envelope.type, envelope.version)
        with _explained(envelope.type):
            read = self._json.form(event).validate_json(envelope.payload)
        return _carried(read, envelope)


class _Named(BaseModel):
    event: str


class EventDataCodec:
    """`{"event": "item_created", "data": {...}}`: for partners who know nothing of CloudEvents."""

    def __init__(self) -> None:
        self._json = EventJson()
        self._forms: dict[type[IntegrationEvent], type[BaseModel]] = {}

    def write(self, event: IntegrationEvent) -> Body:
        """Writes name and data as one JSON object."""
        payload = b'{"event":%b,"data":%b}' % (to_json(event.message_name), self._json.dump(event))
        return Body(_limited(event, payload))

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads the data as the type that the payload names."""
        _check_size(envelope)
        with _explained("an event"):
            name = _Named.model_validate_json(envelope.payload).event
        event = _known(registry, name, envelope.version if envelope.type == name else None)
        with _explained(name):
            body = self._form(event).model_validate_json(envelope.payload)
        return _carried(getattr(body, "data"), envelope)  # noqa: B009 - a field that is made below

    def _form(self, event: type[IntegrationEvent]) -> type[BaseModel]:
        form = self._forms.get(event)
        if form is None:
            form = self._forms[event] = create_model("EventData", data=(event, ...))
        return form


def codec_for(config: MessagingConfig) -> Codec:
    """Makes the codec that the configuration names."""
    return CloudEventsCodec() if config.codec == "cloudevents" else EventDataCodec()


def _limited(event: IntegrationEvent, payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD:
        raise ValidationException(
            f"{event.message_name} has {len(payload)} bytes, and a message may have {MAX_PAYLOAD}",
            error_code="MESSAGE_TOO_LARGE",
        )
    return payload


def _known(registry: EventRegistry, name: str, version: int | None) -> type[IntegrationEvent]:
    found = registry.find(name, version)
    if found is None:
        versions = ", ".join(map(str, registry.versions(name)))
        known = f"known are: {versions}" if versions else "no event has this name here"
        raise UnreadableMessage(f"{name} version {version} is not known; {known}")
    return found


def _check_size(envelope: Envelope) -> None:
    if len(envelope.payload) > MAX_PAYLOAD:
        size = len(envelope.payload)
        raise UnreadableMessage(f"the payload has {size} bytes, and a message may have {MAX_PAYLOAD}")


def _carried(event: IntegrationEvent, envelope: Envelope) -> IntegrationEvent:
    return event.replace(event_id=envelope.id, occurred_at=envelope.time)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Says which fields are wrong and how, and never what they hold."""
    try:
        yield
    except ValidationError as fault:
        found = fault.errors(include_url=False, include_input=False, include_context=False)
        reasons = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}" for one in found)
        raise UnreadableMessage(f"the payload is not {name}: {reasons}") from None
