from dataclasses import replace

import pytest
from hypothesis import given, settings
from pydantic_core import from_json

from fastapi_chassis.messaging import Envelope, UnreadableMessage, envelope_from_http, http_request_of
from fastapi_chassis.testing.contracts.envelopes import any_envelopes
from tests.unit.messaging.test_cloudevents import RICH, as_cloudevent

both = pytest.mark.parametrize("structured", [False, True], ids=["binary", "structured"])


@both
@given(any_envelopes())
@settings(deadline=None)
def test_any_envelope_comes_back(structured: bool, envelopes: list[Envelope]) -> None:
    for sent in (replace(one, content_type="text/plain; charset=utf-8") for one in envelopes):
        headers, body = http_request_of(sent, structured=structured)
        assert all(value.isascii() and value.isprintable() for value in headers.values())
        assert envelope_from_http(headers, body, destination=sent.destination) == as_cloudevent(sent)


@pytest.mark.requirement("MSG-6")
def test_binary_mode_tells_all_in_headers() -> None:
    headers, body = http_request_of(replace(RICH, key="Zoë 100%"))
    assert body == RICH.payload
    assert headers == {
        "ce-specversion": "1.0",
        "ce-id": str(RICH.id),
        "ce-source": "contracts",
        "ce-type": "sample_renamed",
        "ce-time": RICH.time.isoformat(),
        "ce-dataversion": "3",
        "ce-partitionkey": "Zo%C3%AB%20100%25",
        "ce-aggregatetype": "item",
        "ce-traceparent": "00-1",
        "ce-chassisheaders": "{%22X-Route%22:%227%22}",
        "content-type": "application/json",
    }


def test_structured_mode_is_one_text() -> None:
    headers, body = http_request_of(RICH, structured=True)
    assert headers == {"content-type": "application/cloudevents+json; charset=utf-8"}
    assert from_json(body)["data"] == {"a": 1}


# Example of the specification: HTTP Protocol Binding for CloudEvents 1.0.2, sections 3.1.3.2 and 3.1.4.
def test_example_of_the_specification() -> None:
    headers = {
        "CE-SpecVersion": "1.0",
        "ce-type": "com.example.someevent",
        "ce-time": "2018-04-05T03:56:24Z",
        "ce-id": "1234-1234-1234",
        "ce-source": "/mycontext/subcontext",
        "ce-euro": "Euro%20%E2%82%AC%20%F0%9F%98%80",
        "ce-quoted": '"plain"',
        "Content-Type": "application/json; charset=utf-8",
        "Authorization": "not an attribute",
    }
    read = envelope_from_http(headers, b"{}", destination="orders")
    assert (read.type, read.source, read.destination) == (
        "com.example.someevent",
        "/mycontext/subcontext",
        "orders",
    )
    assert read.content_type == "application/json; charset=utf-8"
    assert read.headers == {
        "specversion": "1.0",
        "euro": "Euro € 😀",
        "quoted": "plain",
        "foreignid": "1234-1234-1234",
    }


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "neither ce- headers nor"),
        ({"content-type": "application/json"}, "neither ce- headers nor"),
        ({"content-type": "application/cloudevents-batch+json"}, "a batch of CloudEvents"),
        ({"content-type": "application/cloudevents+json"}, "no CloudEvent in JSON"),
        ({"ce-id": "1"}, "specversion is missing"),
        ({"ce-specversion": "1.0", "ce-id": "1"}, "it has no source, type"),
        ({"ce-specversion": "1.0", "ce-id": "%FF"}, "the header ce-id is not percent-encoded"),
    ],
)
def test_what_is_no_event_says_why(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(UnreadableMessage, match=reason):
        envelope_from_http(headers, b"")


def test_a_mebibyte_is_the_limit() -> None:
    headers, _ = http_request_of(RICH)
    with pytest.raises(UnreadableMessage, match="1048577 bytes"):
        envelope_from_http(headers, b" " * (1024 * 1024 + 1))
