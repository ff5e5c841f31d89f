"""CloudEvents over HTTP: an envelope as headers and body, in binary and in structured mode, and back."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from fastapi_chassis.messaging.cloudevents import (
    STRUCTURED,
    ce_attributes,
    is_cloudevent,
    read_attributes,
    read_structured,
    require_single_json,
    write_structured,
)
from fastapi_chassis.messaging.codec import MAX_PAYLOAD, UnreadableMessage
from fastapi_chassis.messaging.envelope import Envelope

_PREFIX, _CONTENT = "ce-", "content-type"
# Of the printable characters of ASCII, the protocol binding has space, quote and percent encoded.
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def http_request_of(envelope: Envelope, *, structured: bool = False) -> tuple[dict[str, str], bytes]:
    """Writes an envelope as the headers and the body of a request; its destination is the URL's to say.

    Args:
        envelope: the message.
        structured: whether the body is the whole event; otherwise it is the data, and headers tell the rest.
    """
    if structured:
        return {_CONTENT: f"{STRUCTURED}; charset=utf-8"}, write_structured(envelope)
    attributes = ce_attributes(envelope)
    headers = {f"{_PREFIX}{name}": quote(value, safe=_SAFE) for name, value in attributes.items()}
    return {**headers, _CONTENT: envelope.content_type}, envelope.payload


def envelope_from_http(headers: Mapping[str, str], body: bytes, *, destination: str = "") -> Envelope:
    """Reads the headers and the body of a request, in whichever mode they are.

    Args:
        headers: in any case.
        body: as it came.
        destination: what the envelope shall name as such.

    Raises:
        UnreadableMessage: it is a batch, or no CloudEvent 1.0; the reason is fit for an answer.
    """
    found = {name.lower(): value for name, value in headers.items()}
    content_type = found.get(_CONTENT, "")
    if is_cloudevent(content_type):
        require_single_json(content_type)
        return read_structured(body, destination=destination)
    attributes = {
        name.removeprefix(_PREFIX): _decoded(name, value)
        for name, value in found.items()
        if name.startswith(_PREFIX)
    }
    if not attributes:
        raise UnreadableMessage(
            f"it is no CloudEvent: it has neither {_PREFIX} headers nor the content type {STRUCTURED}"
        )
    if len(body) > MAX_PAYLOAD:
        raise UnreadableMessage(f"the body has {len(body)} bytes, and a message may have {MAX_PAYLOAD}")
    return read_attributes(
        attributes, body, content_type=content_type or "application/json", destination=destination
    )


def _decoded(name: str, value: str) -> str:
    text = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UnreadableMessage(f"the header {name} is not percent-encoded UTF-8") from None
