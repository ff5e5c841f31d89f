"""Messages: what goes out can be read again, and what others send too."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pamqp.frame
import pytest
from hypothesis import given
from pamqp.commands import Basic
from pamqp.common import FieldTable
from pamqp.header import ContentHeader

from fastapi_chassis.messaging import DeadLetter, Envelope
from fastapi_chassis.plugins.aiopika.message import (
    MAX_HEADERS,
    UnreadableMessage,
    UnsendableError,
    dead_properties,
    envelope_of,
    properties_of,
)
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope

pytestmark = pytest.mark.requirement("MSG-6")


def carried(properties: Basic.Properties) -> Basic.Properties:
    """As it comes out of the frames that it goes into."""
    _, _, header = pamqp.frame.unmarshal(pamqp.frame.marshal(ContentHeader(properties=properties), 1))
    assert isinstance(header, ContentHeader)
    return header.properties


@given(any_envelopes())
def test_every_envelope_comes_back_as_it_was(envelopes: list[Envelope]) -> None:
    for one in envelopes:
        read = envelope_of(carried(properties_of(one)), one.payload, one.destination)
        assert read == one
        assert read.time.utcoffset() == one.time.utcoffset()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "id",
        "type",
        "specversion",
        "Tenant",
        "x-death",
        "cloudEvents_id",
        "chassis_reason",
        "chassis_headers",
        "a" * 120,
        "Ä" * 200,
    ],
)
def test_no_name_of_a_header_is_taken_for_another(name: str) -> None:
    one = replace(envelope(), headers={name: "value", "tenant": "acme"})
    assert envelope_of(carried(properties_of(one)), one.payload, one.destination) == one


@pytest.mark.parametrize("wrapped", ["[1]", "{", "7"])
def test_headers_that_others_wrap_wrongly_are_left_out(wrapped: str) -> None:
    properties = Basic.Properties(message_id="1", headers={"chassis_headers": wrapped, "tenant": "acme"})
    assert envelope_of(properties, b"", "d").headers == {"tenant": "acme"}


def test_the_names_are_those_of_cloud_events() -> None:
    one = replace(envelope(), headers={"specversion": "1.0", "traceparent": "00-ab-cd-01"})
    properties = properties_of(one)
    assert properties.delivery_mode == 2
    assert properties.message_id == str(one.id)
    headers = properties.headers or {}
    assert headers["cloudEvents_specversion"] == "1.0"
    assert headers["cloudEvents_traceparent"] == "00-ab-cd-01"
    assert headers["cloudEvents_type"] == "sample_renamed"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"destination": "ä" * 128}, "the destination"),
        ({"content_type": "a" * 256}, "the content type"),
        ({"headers": {"a": "ä" * MAX_HEADERS}}, "the headers"),
    ],
)
def test_what_does_not_fit_into_amqp_says_so(changes: dict[str, object], what: str) -> None:
    with pytest.raises(UnsendableError, match=what):
        properties_of(replace(envelope(), **changes))  # type: ignore[arg-type]


def test_a_message_of_others_is_read_as_far_as_it_goes() -> None:
    properties = Basic.Properties(
        message_id="order-7", message_type="ordered", app_id="legacy", headers={"tenant": "acme", "count": 3}
    )
    read = envelope_of(properties, b"{}", "orders")
    again = envelope_of(properties, b"{}", "orders")
    assert read.id == again.id
    assert (read.type, read.source, read.version, read.destination) == ("ordered", "legacy", 1, "orders")
    assert read.headers == {"tenant": "acme"}
    assert read.key == str(read.id)
    assert read.time.tzinfo is not None


def test_a_time_without_a_zone_is_utc() -> None:
    headers: FieldTable = {"cloudEvents_time": "2026-11-21T10:00:00", "cloudEvents_id": str(uuid.uuid4())}
    assert envelope_of(Basic.Properties(headers=headers), b"", "d").time == datetime(
        2026, 11, 21, 10, tzinfo=UTC
    )


def test_without_an_identity_it_is_unreadable() -> None:
    with pytest.raises(UnreadableMessage, match="message_id"):
        envelope_of(Basic.Properties(), b"", "d")


def test_a_dead_letter_is_the_message_itself_and_why() -> None:
    one = replace(envelope(), headers={"tenant": "acme"})
    dead = dead_properties(
        properties_of(one), DeadLetter("ä" * 8_192), destination=one.destination, group="shop", attempts=3
    )
    assert envelope_of(carried(dead), one.payload, "shop.dead") == one
    headers = dead.headers or {}
    assert headers["chassis_reason"] == "ä" * 4_096
    assert (headers["chassis_group"], headers["chassis_attempts"]) == ("shop", 3)
