from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord

from fastapi_chassis.messaging import Envelope, UnreadableMessage
from fastapi_chassis.plugins.kafka.records import (
    ATTEMPTS,
    REASON,
    TOPIC,
    DeadRecord,
    EnvelopeRecord,
    dead_record,
    dead_topic,
    envelope_in,
    stand_in_for,
)
from fastapi_chassis.testing.contracts.envelopes import envelope


@dataclass
class Fetched:
    """A record as the client gives it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 0
    offset: int = 0


type Came = ConsumerRecord[bytes, bytes]


def came(record: EnvelopeRecord) -> Came:
    return cast("Came", Fetched(record.topic, record.key, record.value, tuple(record.headers)))


def fetched(record: DeadRecord) -> Fetched:
    return Fetched(record.topic, record.key, record.value, tuple(record.headers))


SENT: Envelope = replace(
    envelope(1, key="k\u00e4se"), headers={"traceparent": "00-1", "tenant": "z\u00fcrich"}
)


@pytest.mark.requirement("MSG-6")
def test_it_comes_back_as_it_was() -> None:
    assert envelope_in(fetched(EnvelopeRecord(SENT))) == SENT  # type: ignore[arg-type]  # as the client gives it


def test_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(EnvelopeRecord(SENT).headers)
    assert UUID(headers["ce_id"].decode()) == SENT.id
    assert headers["ce_type"].decode() == SENT.type
    assert headers["ce_tenant"].decode() == "z\u00fcrich"
    assert headers["traceparent"] == b"00-1"
    assert headers["content-type"].decode() == SENT.content_type


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ce_id": None}, "no ce_id"),
        ({"ce_id": b"7"}, "not what it should be"),
        ({"ce_time": b"yesterday"}, "not what it should be"),
        ({"ce_type": b"\xff"}, "no text"),
    ],
)
def test_what_is_no_message_says_why(change: dict[str, bytes | None], why: str) -> None:
    headers = dict(EnvelopeRecord(SENT).headers) | change
    found = Fetched(
        "t", b"k", b"", tuple((name, value) for name, value in headers.items() if value is not None)
    )
    with pytest.raises(UnreadableMessage, match=why):
        envelope_in(found)  # type: ignore[arg-type]  # as the client gives it


@pytest.mark.requirement("MSG-10")
def test_a_dead_letter_is_the_message_and_the_reason() -> None:
    dead = dead_record(dead_topic("shop.announce"), came(EnvelopeRecord(SENT)), "is poison", 5)
    assert dead.topic == "shop.announce.dead"
    headers = dict(dead.headers)
    assert (headers[REASON], headers[ATTEMPTS], headers[TOPIC].decode()) == (
        b"is poison",
        b"5",
        SENT.destination,
    )
    assert envelope_in(fetched(dead), topic=SENT.destination) == SENT  # type: ignore[arg-type]  # as above


def test_what_is_no_message_is_kept_byte_by_byte() -> None:
    found = Fetched("topic", None, b"\xff\x00", (("a", b"\xff"),), 2, 7)
    dead = dead_record("dead", cast("Came", found), "no text", 1)
    assert (dead.value, dead.headers[0]) == (b"\xff\x00", ("a", b"\xff"))
    shown = stand_in_for(cast("Came", found))
    assert (shown.source, shown.destination, shown.payload) == ("kafka:topic/2/7", "topic", b"\xff\x00")
    assert shown.headers == {"a": "\\xff"}
