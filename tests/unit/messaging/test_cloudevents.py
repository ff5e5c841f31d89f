from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from fastapi_chassis.domain import ValidationException, new_id
from fastapi_chassis.messaging import (
    STRUCTURED,
    Envelope,
    UnreadableMessage,
    ce_attributes,
    opened,
    read_attributes,
    read_structured,
    sealed,
    write_structured,
)
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope

HEADERS = {"specversion": "1.0", "traceparent": "00-1", "X-Route": "7"}
RICH = replace(envelope(1, key="dune"), version=3, aggregate_type="item", payload=b'{"a":1}', headers=HEADERS)


def as_cloudevent(one: Envelope) -> Envelope:
    """What is read says that it is a CloudEvent, also where the writer kept silent."""
    return replace(one, headers={"specversion": "1.0", **one.headers})


@pytest.mark.requirement("MSG-6")
def test_the_text_is_an_event_with_its_data() -> None:
    assert from_json(write_structured(RICH)) == {
        "specversion": "1.0",
        "id": str(RICH.id),
        "source": "contracts",
        "type": "sample_renamed",
        "time": RICH.time.isoformat(),
        "datacontenttype": "application/json",
        "dataversion": 3,
        "partitionkey": "dune",
        "aggregatetype": "item",
        "traceparent": "00-1",
        "chassisheaders": '{"X-Route":"7"}',
        "data": {"a": 1},
    }


@given(any_envelopes())
@settings(deadline=None)
def test_any_envelope_comes_back(envelopes: list[Envelope]) -> None:
    for sent in envelopes:
        document = write_structured(sent)
        assert read_structured(document, destination=sent.destination) == as_cloudevent(sent)


names = st.sampled_from(["id", "data", "specversion", "dataversion", "chassisheaders", "partitionkey"])


@given(
    payload=st.binary(max_size=20) | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(to_json),
    headers=st.dictionaries(names | st.text(max_size=25), st.text(max_size=10), max_size=3),
    content_type=st.sampled_from(["application/json", "text/plain", "application/x+json; charset=utf-8", ""]),
)
@settings(deadline=None)
def test_payload_and_headers_come_back_to_the_byte(
    payload: bytes, headers: dict[str, str], content_type: str
) -> None:
    sent = replace(RICH, payload=payload, headers=headers, content_type=content_type)
    assert read_structured(write_structured(sent), destination=sent.destination) == as_cloudevent(sent)


@given(any_envelopes())
def test_names_of_attributes_are_legal(envelopes: list[Envelope]) -> None:
    for name in (name for one in envelopes for name in ce_attributes(one)):
        assert name.isascii()
        assert name.isalnum()
        assert name == name.lower()
        assert len(name) <= 20


@pytest.mark.parametrize("payload", [b'{"a": 1}', b'{"a":1.0e2}', b"NaN", b'{"a":1,"a":2}', b"\xff"])
def test_json_that_would_change_travels_as_bytes(payload: bytes) -> None:
    document = from_json(write_structured(replace(RICH, payload=payload)))
    assert document["data_base64"] == b64encode(payload).decode()
    assert "data" not in document


# Examples of the specification: JSON Event Format for CloudEvents 1.0.2, sections 3.1.1 and 3.2.
EXAMPLE = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "id": "C234-1234-1234",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
    "comexampleothervalue": 5,
}
APPEARANCE = b'{"appinfoA":"abc","appinfoB":123,"appinfoC":true}'


@pytest.mark.parametrize(
    ("more", "payload", "content_type"),
    [
        (
            {"datacontenttype": "text/xml", "data": '<much wow="xml"/>'},
            b'<much wow="xml"/>',
            "text/xml",
        ),
        (
            {"datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "AAEC"},
            b"\x00\x01\x02",
            "application/vnd.apache.thrift.binary",
        ),
        (
            {"subject": None, "datacontenttype": "application/json", "data": from_json(APPEARANCE)},
            APPEARANCE,
            "application/json",
        ),
        ({"datacontenttype": "application/json", "data": 1.5}, b"1.5", "application/json"),
        ({"datacontenttype": "application/json", "data": "I'm just a string"}, b'"I\'m just a string"', None),
        ({"data": None}, b"null", None),
        ({}, b"", None),
    ],
)
@pytest.mark.requirement("MSG-6")
def test_examples_of_the_specification(
    more: dict[str, object], payload: bytes, content_type: str | None
) -> None:
    read = read_structured(to_json(EXAMPLE | more), destination="orders")
    assert (read.type, read.source, read.destination) == ("com.example.someevent", "/mycontext", "orders")
    assert read.time == datetime(2018, 4, 5, 17, 31, tzinfo=UTC)
    assert read.payload == payload
    assert read.content_type == (content_type or "application/json")
    assert (read.version, read.key) == (1, "")
    assert read.headers == {
        "specversion": "1.0",
        "comexampleextension1": "value",
        "comexampleothervalue": "5",
        "foreignid": "C234-1234-1234",
    }


def test_a_foreign_id_is_the_same_each_time_and_another_ones_with_another_source() -> None:
    first, again = (read_structured(to_json(EXAMPLE)).id for _ in range(2))
    other = read_structured(to_json(EXAMPLE | {"source": "/other"})).id
    assert first == again != other
    assert isinstance(first, UUID)


def test_an_id_that_is_a_uuid_stays() -> None:
    message_id = new_id()
    read = read_structured(to_json(EXAMPLE | {"id": str(message_id)}))
    assert read.id == message_id
    assert "foreignid" not in read.headers


def test_without_a_time_it_is_now_and_the_brokers_key_goes_first() -> None:
    event = {**EXAMPLE, "partitionkey": "mine", "flag": True}
    del event["time"]
    read = read_structured(to_json(event), key="brokers")
    assert abs((datetime.now(UTC) - read.time).total_seconds()) < 600
    assert (read.key, read.headers["flag"]) == ("brokers", "true")
    assert read_structured(to_json(event)).key == "mine"
    naive = read_structured(to_json(EXAMPLE | {"time": "2018-04-05T17:31:00"}))
    assert naive.time.tzinfo is UTC


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "no CloudEvent in JSON"),
        (b"\xff", "no CloudEvent in JSON"),
        (b"[" * 100_000, "no CloudEvent in JSON"),
        (b'{"a": NaN}', "no CloudEvent in JSON"),
        (to_json([EXAMPLE]), "a single event is an object"),
        (b"{}", "specversion is missing"),
        (to_json(EXAMPLE | {"specversion": "0.3"}), "specversion is 0.3"),
        (b'{"specversion": "1.0", "type": "a"}', "it has no id, source"),
        (to_json(EXAMPLE | {"data": 1, "data_base64": ""}), "both data and data_base64"),
        (to_json(EXAMPLE | {"data_base64": "?"}), "data_base64 is not base64"),
        (to_json(EXAMPLE | {"data_base64": 5}), "data_base64 is not base64"),
        (to_json(EXAMPLE | {"datacontenttype": "text/xml", "data": {}}), "data of text/xml must be text"),
        (to_json(EXAMPLE | {"extension": {"a": 1}}), "the attribute extension is neither"),
        (to_json(EXAMPLE | {"extension": 1.5}), "the attribute extension is neither"),
        (to_json(EXAMPLE | {"time": "yesterday"}), "not what it should be"),
        (to_json(EXAMPLE | {"dataversion": "x"}), "not what it should be"),
        (to_json(EXAMPLE | {"chassisheaders": "[]"}), "not what it should be"),
        (to_json(EXAMPLE | {"chassisheaders": "{"}), "not what it should be"),
        (b" " * (1024 * 1024 + 1), "1048577 bytes"),
    ],
)
def test_what_is_no_event_says_why(document: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMessage, match=reason):
        read_structured(document)


def test_attributes_are_read_by_themselves() -> None:
    read = read_attributes(ce_attributes(RICH), RICH.payload, destination=RICH.destination)
    assert read == RICH


def test_what_is_sealed_can_be_opened_and_the_rest_stays_as_it_is() -> None:
    closed = sealed(RICH)
    assert closed.content_type == STRUCTURED
    assert replace(closed, payload=RICH.payload, content_type=RICH.content_type) == RICH
    assert opened(closed) == RICH
    assert opened(replace(closed, content_type="Application/CloudEvents+JSON; charset=utf-8")) == RICH
    assert opened(RICH) is RICH


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("application/cloudevents-batch+json", "a batch of CloudEvents"),
        ("application/cloudevents+avro", "application/cloudevents\\+avro is not read here"),
    ],
)
def test_other_forms_of_cloudevents_are_refused(content_type: str, reason: str) -> None:
    with pytest.raises(UnreadableMessage, match=reason):
        opened(replace(RICH, content_type=content_type))


def test_a_mebibyte_is_the_limit_of_the_whole_event() -> None:
    with pytest.raises(ValidationException, match="in structured mode") as told:
        sealed(replace(RICH, payload=b"x" * (1024 * 1024 - 10)))
    assert told.value.error_code == "MESSAGE_TOO_LARGE"
