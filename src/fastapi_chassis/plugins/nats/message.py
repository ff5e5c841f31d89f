"""Messages: an envelope as headers and body in the binary mode of CloudEvents over NATS, and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from nats.aio.msg import Msg

from fastapi_chassis.messaging import Envelope, attributes_of, envelope_of, stand_in
from fastapi_chassis.plugins.nats.subjects import destination_in

PREFIX = "ce-"
MESSAGE_ID = "Nats-Msg-Id"
KEY = "message-key"
REASON, ATTEMPTS, DESTINATION = "dead-reason", "dead-attempts", "dead-destination"
MAX_REASON = 8 * 1024
DEAD_SPARE = 32 * 1024  # bytes that a message may grow by when it is set aside

_ACK = "$JS.ACK."
_ONE_LINE = str.maketrans("\r\n", "  ")
# Names and values are percent-encoded: a header holds neither line ends nor spaces at its ends.
_VALUE = "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_NAME = "!#$&'*+^`|~"
_is_plain_value = re.compile(r"[!#$&-~]*").fullmatch  # most are, and quoting costs ten times as much
_is_plain_name = re.compile(r"[A-Za-z0-9_-]+").fullmatch


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message with its address.

    Args:
        subject: where it goes.
        headers: what goes along.
        body: the payload.
    """

    subject: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def head(self) -> bytes:
        """The headers as they are sent."""
        lines = [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        return f"NATS/1.0\r\n{''.join(lines)}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message lies in its stream.

    Args:
        sequence: its number.
        stored: when it came there: a stream that is made anew counts again from the beginning.
    """

    sequence: int
    stored: str


def headers_of(envelope: Envelope) -> dict[str, str]:
    """Writes everything but payload and destination."""
    written = {_name(name): _value(value) for name, value in attributes_of(envelope, PREFIX).items()}
    return {MESSAGE_ID: str(envelope.id), KEY: _value(envelope.key), **written}


def envelope_in(message: Msg, *, destination: str | None = None) -> Envelope:
    """Reads an envelope; a message without a key is an order of its own.

    Args:
        message: as it came, at `<prefix>.<part>.<destination>`.
        destination: where the subject does not tell.

    Raises:
        UnreadableMessage: it is none.
    """
    headers = message.headers or {}
    attributes = {unquote(name): unquote(value) for name, value in headers.items()}
    if destination is None:
        destination = destination_of(message)
    key = attributes.get(KEY)
    if key is None:
        key = attributes.get(f"{PREFIX}partitionkey", attributes.get(f"{PREFIX}id", ""))
    return envelope_of(attributes, PREFIX, destination=destination, key=key, payload=message.data)


def stand_in_for(message: Msg, place: Place) -> Envelope:
    """Makes an envelope of a message that is none."""
    return stand_in(
        f"nats:{message.subject}/{place.sequence}/{place.stored}",
        destination=message.subject,
        payload=message.data,
        attributes=message.headers or {},
    )


def destination_of(message: Msg) -> str:
    """Reads the destination out of the subject."""
    return destination_in(message.subject.split(".", 2)[2])


def dead_parcel(subject: str, group: str, message: Msg, reason: str, attempts: int) -> Parcel:
    """Writes a dead letter: the message as it came, and why it was given up.

    Args:
        subject: of the group's dead letters.
        group: as the server names it; a message may die in several.
        message: as it came.
        reason: why.
        attempts: how often it was tried.
    """
    headers = {name: value.translate(_ONE_LINE) for name, value in (message.headers or {}).items()}
    kept = reason.encode("utf-8", "replace")[:MAX_REASON].decode("utf-8", "ignore")
    identity = headers.get(MESSAGE_ID) or f"{place_of(message.reply).stored}"
    why = {
        MESSAGE_ID: f"{group} {identity}",
        REASON: quote(kept, safe=f" {_VALUE}"),
        ATTEMPTS: str(attempts),
        DESTINATION: _value(destination_of(message)),
    }
    return Parcel(subject, {**headers, **why}, message.data)


def place_of(reply: str) -> Place:
    """Reads where a message lies out of the address of its acknowledgement, of either shape."""
    parts = reply.split(".")
    start = 2 if len(parts) <= 9 else 4
    return Place(int(parts[start + 3]), parts[start + 5])


def is_delivery(message: Msg) -> bool:
    """Whether it is a message of the stream, and not the server's word about the request."""
    return message.reply.startswith(_ACK)


def _name(name: str) -> str:
    return name if _is_plain_name(name) else quote(name, safe=_NAME)


def _value(value: str) -> str:
    return value if _is_plain_value(value) else quote(value, safe=_VALUE)
