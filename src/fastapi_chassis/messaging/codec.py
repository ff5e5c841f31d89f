"""Codecs: an integration event as bytes, and back; CloudEvents by default."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, cast

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError, create_model
from pydantic_core import CoreSchema, PydanticSerializationError, to_json
from pydantic_core.core_schema import with_default_schema

from fastapi_chassis.domain import IntegrationEvent, Message, ValidationException
from fastapi_chassis.messaging.config import MessagingConfig
from fastapi_chassis.messaging.conversation import SPEC_VERSION
from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.registry import EventRegistry
from fastapi_chassis.messaging.upcasters import Data, Upcaster

MAX_PAYLOAD = 1024 * 1024
_CARRIED = {"event_id", "occurred_at"}  # in the envelope, as id and time
_DATA = TypeAdapter(dict[str, object])


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
            ValidationException: it is larger than an event may be.
            TypeError: its content does not fit its type.
        """
        ...

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads an event, with the identity and time of its envelope.

        Raises:
            UnreadableMessage: its type is not known, or its content is not what its type says.
        """
        ...


class _Bare:
    """Has pydantic leave an event's id and time empty: to make them anew costs more than to read the rest."""

    def __get_pydantic_core_schema__(
        self, source: type[IntegrationEvent], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        plain = handler(source)
        schema = cast("dict[str, Any]", handler.resolve_ref_schema(plain))
        if schema["type"] != "dataclass" or schema["schema"]["type"] != "dataclass-args":
            return plain  # the event has a form of its own
        arguments = schema["schema"]
        fields = [_emptied(one) if one["name"] in _CARRIED else one for one in arguments["fields"]]
        outer = {name: part for name, part in schema.items() if name != "ref"}  # those within it stay whole
        return cast("CoreSchema", {**outer, "schema": {**arguments, "fields": fields}})


def _bare(event: type[IntegrationEvent]) -> type[IntegrationEvent]:
    """Returns what an event is read as; one that looks at itself must have all its fields."""
    if hasattr(event, "__post_init__"):
        return event
    return cast("type[IntegrationEvent]", Annotated[event, _Bare()])


def _emptied(field: dict[str, Any]) -> dict[str, Any]:
    kind = field["schema"]["schema"] if field["schema"]["type"] == "default" else field["schema"]
    return {**field, "schema": with_default_schema(kind, default=None)}


class EventJson:
    """Events as JSON objects; the forms of each type are compiled once."""

    def __init__(self) -> None:
        self._forms: dict[type[IntegrationEvent], TypeAdapter[IntegrationEvent]] = {}
        self._reading: dict[type[IntegrationEvent], TypeAdapter[IntegrationEvent]] = {}

    def load(self, event: type[IntegrationEvent], payload: bytes, envelope: Envelope) -> IntegrationEvent:
        """Reads what `dump` wrote, with the identity and time of the envelope."""
        form = self._reading.get(event)
        if form is None:
            form = self._reading[event] = TypeAdapter(_bare(event))
        return _carried(form.validate_json(payload), envelope)

    def dump(self, event: IntegrationEvent) -> bytes:
        """Writes what an event says, without what the envelope carries; what goes out can be read again."""
        form = self._form(type(event))
        try:
            return form.dump_json(form.validate_python(event), exclude=_CARRIED)
        except (ValidationError, PydanticSerializationError) as fault:
            raise TypeError(f"{event.message_name} can't be sent: it does not fit its type") from fault

    def _form(self, event: type[IntegrationEvent]) -> TypeAdapter[IntegrationEvent]:
        form = self._forms.get(event)
        if form is None:
            form = self._forms[event] = TypeAdapter(event)
        return form


class CloudEventsCodec:
    """CloudEvents 1.0 in binary mode: the payload is the data, everything else stands in the envelope.

    Args:
        largest: how many bytes a payload may have.
    """

    def __init__(self, largest: int = MAX_PAYLOAD) -> None:
        self._json = EventJson()
        self._largest = largest

    def write(self, event: IntegrationEvent) -> Body:
        """Writes the data as JSON."""
        payload = limited(event, self._json.dump(event), self._largest)
        return Body(payload, headers={SPEC_VERSION: "1.0"})

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads the data as the type that the envelope names."""
        check_size(envelope, self._largest)
        event, steps = _known(registry, envelope.type, envelope.version)
        try:
            payload = _lifted(_DATA.validate_json(envelope.payload), steps) if steps else envelope.payload
            return self._json.load(event, payload, envelope)
        except ValidationError as fault:
            raise _unlike(envelope.type, fault) from None


class _Named(BaseModel):
    event: str
    data: Data


class EventDataCodec:
    """`{"event": "item_created", "data": {...}}`: for partners who know nothing of CloudEvents.

    Args:
        largest: how many bytes a payload may have.
    """

    def __init__(self, largest: int = MAX_PAYLOAD) -> None:
        self._json = EventJson()
        self._largest = largest
        self._cloudevents = CloudEventsCodec(largest)
        self._forms: dict[type[IntegrationEvent], type[BaseModel]] = {}

    def write(self, event: IntegrationEvent) -> Body:
        """Writes name and data as one JSON object."""
        payload = b'{"event":%b,"data":%b}' % (to_json(event.message_name), self._json.dump(event))
        return Body(limited(event, payload, self._largest))

    def read(self, envelope: Envelope, registry: EventRegistry) -> IntegrationEvent:
        """Reads the data as the type that the payload names; a CloudEvent in another form is read as one."""
        check_size(envelope, self._largest)
        try:
            named = _Named.model_validate_json(envelope.payload)
        except ValidationError as fault:
            if SPEC_VERSION in envelope.headers:
                return self._cloudevents.read(envelope, registry)
            raise _unlike("an event", fault) from None
        name = named.event
        event, steps = _known(registry, name, envelope.version if envelope.type == name else None)
        try:
            if steps:
                return self._json.load(event, _lifted(named.data, steps), envelope)
            body = self._form(event).model_validate_json(envelope.payload)
        except ValidationError as fault:
            raise _unlike(name, fault) from None
        return _carried(getattr(body, "data"), envelope)  # noqa: B009 - a field that is made below

    def _form(self, event: type[IntegrationEvent]) -> type[BaseModel]:
        form = self._forms.get(event)
        if form is None:
            form = self._forms[event] = create_model("EventData", data=(_bare(event), ...))
        return form


def codec_for(config: MessagingConfig) -> Codec:
    """Makes the codec that the configuration names; the mode of CloudEvents is not its matter."""
    largest = config.claim_check.largest
    return EventDataCodec(largest) if config.codec == "event-data" else CloudEventsCodec(largest)


def limited(message: Message, payload: bytes, largest: int) -> bytes:
    """Passes a payload that is no larger than a message may be.

    Raises:
        ValidationException: it is.
    """
    if len(payload) > largest:
        raise ValidationException(
            f"{message.message_name} has {len(payload)} bytes, and a message may have {largest}",
            error_code="MESSAGE_TOO_LARGE",
        )
    return payload


def _known(
    registry: EventRegistry, name: str, version: int | None
) -> tuple[type[IntegrationEvent], tuple[Upcaster, ...]]:
    """Finds the type of a version, and the steps to it where a version is only known to upcasters."""
    found = registry.find(name, version)
    steps = registry.steps(name, version) if found is None and version is not None else ()
    if steps:
        found = registry.find(name, steps[-1].from_version + 1)
    if found is None:
        versions = registry.versions(name)
        known = f"known are: {', '.join(map(str, versions))}" if versions else "no event has this name here"
        if version is not None and version > max(versions, default=version):
            known += "; it is newer than this service: take it again once a newer one runs"
        raise UnreadableMessage(f"{name} version {version} is not known; {known}")
    return found, steps


def _lifted(data: Data, steps: tuple[Upcaster, ...]) -> bytes:
    """Turns the data of an older version into that of a known one."""
    for step in steps:
        try:
            data = _DATA.validate_python(step(data))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the message can't be read, and says why
            raise UnreadableMessage(
                f"{step.name} failed on version {step.from_version}: {type(fault).__name__}"
            ) from None
    return to_json(data)


def check_size(envelope: Envelope, largest: int) -> None:
    """Passes an envelope whose payload is no larger than a message may be.

    Raises:
        UnreadableMessage: it is.
    """
    if len(envelope.payload) > largest:
        size = len(envelope.payload)
        raise UnreadableMessage(f"the payload has {size} bytes, and a message may have {largest}")


def _carried(event: IntegrationEvent, envelope: Envelope) -> IntegrationEvent:
    if hasattr(event, "__post_init__"):
        return event.replace(event_id=envelope.id, occurred_at=envelope.time)
    object.__setattr__(event, "event_id", envelope.id)  # frozen, and nobody has seen it yet: no copy
    object.__setattr__(event, "occurred_at", envelope.time)
    return event


def _unlike(name: str, fault: ValidationError) -> UnreadableMessage:
    """Says which fields are wrong and how, and never what they hold."""
    found = fault.errors(include_url=False, include_input=False, include_context=False)
    reasons = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'payload'}: {one['msg']}" for one in found)
    return UnreadableMessage(f"the payload is not {name}: {reasons}")
