"""CloudEvents 1.0: an envelope as its attributes, as one JSON text (structured mode), and back from both."""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic_core import from_json, to_json

from fastapi_chassis.domain import ValidationException
from fastapi_chassis.messaging.codec import MAX_PAYLOAD, UnreadableMessage
from fastapi_chassis.messaging.conversation import SPEC_VERSION
from fastapi_chassis.messaging.envelope import Envelope

STRUCTURED = "application/cloudevents+json"
_FAMILY, _BATCH = "application/cloudevents", "application/cloudevents-batch"
_JSON = "application/json"

_VERSION, _KEY, _AGGREGATE, _REST = "dataversion", "partitionkey", "aggregatetype", "chassisheaders"
_FOREIGN_ID = "foreignid"  # what an id was that is no UUID
_REQUIRED = ("id", "source", "type")
_OWN = frozenset({
    SPEC_VERSION, *_REQUIRED, "time", "datacontenttype", "data", "data_base64",
    _VERSION, _KEY, _AGGREGATE, _REST,
})  # fmt: skip
_LEGAL = re.compile(r"[a-z0-9]{1,20}")  # what the specification allows, and advises, as a name


def ce_attributes(envelope: Envelope) -> dict[str, str]:
    """Writes everything but payload, content type and destination under legal names.

    A header whose name no attribute may have stands, with others of its kind, as JSON in `chassisheaders`.
    """
    written = {
        SPEC_VERSION: "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.time.isoformat(),
        _VERSION: str(envelope.version),
    }
    if envelope.key:
        written[_KEY] = envelope.key
    if envelope.aggregate_type:
        written[_AGGREGATE] = envelope.aggregate_type
    rest = {}
    for name, value in envelope.headers.items():
        if name not in _OWN and _LEGAL.fullmatch(name):
            written[name] = value
        elif (name, value) != (SPEC_VERSION, "1.0"):
            rest[name] = value
    if rest:
        written[_REST] = to_json(rest).decode()
    return written


def read_attributes(
    attributes: Mapping[str, str],
    payload: bytes,
    *,
    content_type: str = _JSON,
    destination: str = "",
    key: str = "",
) -> Envelope:
    """Reads the attributes of an event, written here or elsewhere, as an envelope.

    An id that is no UUID becomes one, the same each time, made of source and id; without a time, it is now.

    Args:
        attributes: by name, as text.
        payload: the data.
        content_type: what the data is.
        destination: where it was found.
        key: what keeps its order; the attribute `partitionkey` where nothing is given.

    Raises:
        UnreadableMessage: it is no CloudEvent 1.0, or an attribute is not what it should be.
    """
    if (found := attributes.get(SPEC_VERSION)) != "1.0":
        raise UnreadableMessage(f"it is no CloudEvent 1.0: specversion is {found or 'missing'}")
    missing = [name for name in _REQUIRED if name not in attributes]
    if missing:
        raise UnreadableMessage(f"it is no CloudEvent: it has no {', '.join(missing)}")
    headers = {name: value for name, value in attributes.items() if name not in _OWN}
    message_id = _uuid(attributes["source"], attributes["id"])
    if message_id != _parsed(attributes["id"]):
        headers[_FOREIGN_ID] = attributes["id"]
    try:
        return Envelope(
            id=message_id,
            type=attributes["type"],
            version=int(attributes.get(_VERSION, "1")),
            source=attributes["source"],
            time=_moment(attributes.get("time")),
            destination=destination,
            key=key or attributes.get(_KEY, ""),
            aggregate_type=attributes.get(_AGGREGATE, ""),
            payload=payload,
            content_type=content_type,
            headers={SPEC_VERSION: "1.0", **headers, **_rest(attributes.get(_REST))},
        )
    except ValueError as fault:
        raise UnreadableMessage(f"an attribute is not what it should be: {fault}") from None


def write_structured(envelope: Envelope) -> bytes:
    """Writes everything but the destination as one JSON text, as the JSON format of CloudEvents says."""
    document: dict[str, object] = {
        **ce_attributes(envelope),
        _VERSION: envelope.version,
        "datacontenttype": envelope.content_type,
    }
    head = to_json(document)[:-1]
    if not envelope.payload:
        return head + b"}"
    if is_json(envelope.content_type) and _is_canonical(envelope.payload):
        return b'%b,"data":%b}' % (head, envelope.payload)
    return b'%b,"data_base64":"%b"}' % (head, b64encode(envelope.payload))


def read_structured(document: bytes, *, destination: str = "", key: str = "") -> Envelope:
    """Reads one JSON text, written here or elsewhere, as an envelope.

    Args:
        document: the text.
        destination: where it was found.
        key: what keeps its order; the attribute `partitionkey` where nothing is given.

    Raises:
        UnreadableMessage: it is no CloudEvent 1.0 in JSON.
    """
    if len(document) > MAX_PAYLOAD:
        raise UnreadableMessage(f"the event has {len(document)} bytes, and a message may have {MAX_PAYLOAD}")
    try:
        found: object = from_json(document, allow_inf_nan=False)
    except ValueError as fault:
        raise UnreadableMessage(f"it is no CloudEvent in JSON: {fault}") from None
    if not isinstance(found, dict):
        raise UnreadableMessage("it is no CloudEvent in JSON: a single event is an object")
    members = cast("dict[str, object]", found)
    data: dict[str, object] = {name: members.pop(name) for name in ("data", "data_base64") if name in members}
    attributes = {name: _text(name, value) for name, value in members.items() if value is not None}
    content_type = attributes.get("datacontenttype", _JSON)
    return read_attributes(
        attributes,
        _payload(data, content_type),
        content_type=content_type,
        destination=destination,
        key=key,
    )


def sealed(envelope: Envelope) -> Envelope:
    """Puts an envelope into structured mode: the payload is the whole event.

    Raises:
        ValidationException: it is larger than 1 MiB then.
    """
    payload = write_structured(envelope)
    if len(payload) > MAX_PAYLOAD:
        size = len(payload)
        raise ValidationException(
            f"{envelope.type} has {size} bytes in structured mode, and a message may have {MAX_PAYLOAD}",
            error_code="MESSAGE_TOO_LARGE",
        )
    return replace(envelope, payload=payload, content_type=STRUCTURED)


def opened(envelope: Envelope) -> Envelope:
    """Returns an envelope in binary mode, whichever it has come in.

    Raises:
        UnreadableMessage: it is a batch, a format other than JSON, or no CloudEvent.
    """
    if not is_cloudevent(envelope.content_type):
        return envelope
    require_single_json(envelope.content_type)
    return read_structured(envelope.payload, destination=envelope.destination, key=envelope.key)


def is_cloudevent(content_type: str) -> bool:
    """Whether a content type says that the payload is a whole event, or several."""
    return media_type(content_type).startswith(_FAMILY)


def require_single_json(content_type: str) -> None:
    """Passes a content type that says: one event, in JSON.

    Raises:
        UnreadableMessage: it says something else.
    """
    found = media_type(content_type)
    if found.startswith(_BATCH):
        raise UnreadableMessage("it is a batch of CloudEvents: send each event as a message of its own")
    if found != STRUCTURED:
        raise UnreadableMessage(f"{found} is not read here: send {STRUCTURED}")


def is_json(content_type: str) -> bool:
    """Whether a content type says JSON."""
    found = media_type(content_type)
    return found.endswith(("/json", "+json"))


def media_type(content_type: str) -> str:
    """Returns a content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def _is_canonical(payload: bytes) -> bool:
    """Whether JSON that is parsed and written again has the same bytes, so that nothing of it is lost."""
    try:
        return to_json(from_json(payload, allow_inf_nan=False)) == payload
    except ValueError:
        return False


def _payload(data: Mapping[str, object], content_type: str) -> bytes:
    if len(data) > 1:
        raise UnreadableMessage("it has both data and data_base64")
    if "data_base64" in data:
        return _decoded(data["data_base64"])
    if "data" not in data:
        return b""
    if is_json(content_type):
        return to_json(data["data"])
    if not isinstance(data["data"], str):
        raise UnreadableMessage(f"data of {media_type(content_type)} must be text, or data_base64")
    return data["data"].encode()


def _decoded(text: object) -> bytes:
    try:
        return b64decode(cast("str", text), validate=True)
    except (TypeError, ValueError):
        raise UnreadableMessage("data_base64 is not base64") from None


def _text(name: str, value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            raise UnreadableMessage(f"the attribute {name} is neither text, nor a whole number, nor a truth")


def _rest(text: str | None) -> dict[str, str]:
    """Reads the headers that no attribute could hold."""
    found: object = from_json(text) if text is not None else {}
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError(f"{_REST} is no object of texts")
    return cast("dict[str, str]", found)


def _parsed(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuid(source: str, text: str) -> UUID:
    return _parsed(text) or uuid5(NAMESPACE_URL, f"{source}#{text}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
