"""An envelope comes back from its headers as it was, and a dead letter tells why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.msg import Msg

from fastapi_chassis.messaging import Envelope, UnreadableMessage
from fastapi_chassis.plugins.nats.message import (
    DEAD_SPARE,
    DESTINATION,
    MAX_REASON,
    REASON,
    Parcel,
    Place,
    dead_parcel,
    envelope_in,
    headers_of,
    is_delivery,
    place_of,
)
from fastapi_chassis.plugins.nats.subjects import subject_of
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope

REPLY = "$JS.ACK.events.group-1.1.42.7.1700000000000000000.0"


def travelled(one: Envelope, reply: str = REPLY) -> Msg:
    """The message as the client of NATS gives it, with what it does to headers on the way."""
    headers = {name.strip(): value.strip() for name, value in headers_of(one).items()}
    assert all(name.isascii() and value.isascii() and "\n" not in value for name, value in headers.items())
    subject = f"messages.3.{subject_of(one.destination)}"
    return Msg(_client=None, subject=subject, reply=reply, data=one.payload, headers=headers)  # type: ignore[arg-type]


@given(any_envelopes(max_size=1))
def test_an_envelope_comes_back_as_it_was(envelopes: list[Envelope]) -> None:
    for one in envelopes:
        assert envelope_in(travelled(one)) == one


def test_headers_are_those_of_a_cloud_event() -> None:
    one = envelope(1, key="käse 1")
    headers = headers_of(one)
    assert headers["Nats-Msg-Id"] == headers["ce-id"] == str(one.id)
    assert headers["ce-type"] == "sample_renamed"
    assert headers["message-key"] == "k%C3%A4se%201"


def test_a_message_of_others_needs_an_identity() -> None:
    strange = Msg(_client=None, subject="messages.0.a", reply=REPLY, data=b"?")  # type: ignore[arg-type]
    with pytest.raises(UnreadableMessage, match="ce-id"):
        envelope_in(strange)


def test_a_message_of_others_without_a_key_is_an_order_of_its_own() -> None:
    message = travelled(envelope(1))
    assert message.headers is not None
    del message.headers["message-key"]
    read = envelope_in(message)
    assert read.key == str(read.id)


@pytest.mark.parametrize("reason", ["is poison", "ö\r\nX: y", "r" * 20_000])
def test_a_dead_letter_is_the_message_and_why(reason: str) -> None:
    one = envelope(1, destination="a.b c")
    dead = dead_parcel("dead.group", "group", travelled(one), reason, 3)
    assert (dead.subject, dead.body) == ("dead.group", one.payload)
    assert dead.headers["Nats-Msg-Id"] == f"group {one.id}"
    assert dead.headers["dead-attempts"] == "3"
    assert "\n" not in dead.headers[REASON]
    assert len(dead.headers[REASON]) <= 3 * MAX_REASON
    read = Msg(_client=None, subject=dead.subject, data=dead.body, headers=dict(dead.headers))  # type: ignore[arg-type]
    assert envelope_in(read, destination="a.b c") == one
    assert dead.headers[DESTINATION] == "a.b%20c"


def test_a_dead_letter_fits_where_the_message_did() -> None:
    one = envelope(1)
    sent = Parcel("s", headers_of(one), one.payload)
    dead = dead_parcel("dead.group", "g" * 200, travelled(one), "ö" * MAX_REASON, 10**9)
    assert len(dead.head) - len(sent.head) < DEAD_SPARE


def test_places_are_read_out_of_both_shapes_of_a_reply() -> None:
    assert place_of(REPLY) == Place(42, "1700000000000000000")
    longer = "$JS.ACK.domain.account.events.group-1.1.42.7.1700000000000000000.0.token"
    assert place_of(longer) == Place(42, "1700000000000000000")


def test_the_servers_words_are_no_messages() -> None:
    assert is_delivery(travelled(envelope(1)))
    assert not is_delivery(travelled(envelope(1), reply=""))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_header_value_comes_back(value: str) -> None:
    one = envelope(1)
    rich = Envelope(
        id=one.id, type=one.type, source=one.source, time=one.time, destination=one.destination,
        key=one.key, payload=b"", headers={"tenant": value},
    )  # fmt: skip
    assert envelope_in(travelled(rich)).headers == {"tenant": value}
