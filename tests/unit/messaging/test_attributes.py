from dataclasses import replace

import pytest
from hypothesis import given

from fastapi_chassis.messaging import Envelope, UnreadableMessage, attributes_of, envelope_of
from fastapi_chassis.messaging.cloudevents import write_structured
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope

RICH = replace(
    envelope(1),
    version=3,
    aggregate_type="sample",
    headers={"traceparent": "00-1", "tracestate": "a=1", "tenant": "a", "specversion": "1.0"},
)


@pytest.mark.requirement("MSG-6")
@pytest.mark.parametrize("prefix", ["ce_", "ce-", "cloudEvents_"])
def test_an_envelope_comes_back(prefix: str) -> None:
    written = attributes_of(RICH, prefix)
    assert written[f"{prefix}specversion"] == "1.0"
    assert written["traceparent"] == "00-1"
    assert back(written, RICH, prefix) == RICH


@pytest.mark.parametrize("name", sorted(attributes_of(RICH, "")))
def test_a_header_of_an_attributes_name_is_no_attribute(name: str) -> None:
    sent = replace(RICH, headers={name: "mine", "tenant": "a"})
    assert back(attributes_of(sent, "ce_"), sent) == sent


@given(any_envelopes())
def test_any_envelope_comes_back(envelopes: list[Envelope]) -> None:
    for sent in envelopes:
        assert back(attributes_of(sent, "ce_"), sent) == sent


def test_a_structured_event_of_somebody_else_is_read_by_its_content_type() -> None:
    document = write_structured(RICH)
    found = envelope_of(
        {"content-type": "application/cloudevents+json"},
        "ce_",
        destination=RICH.destination,
        key=RICH.key,
        payload=document,
    )
    assert (found.id, found.type, found.payload) == (RICH.id, RICH.type, RICH.payload)
    with pytest.raises(UnreadableMessage, match="batch"):
        envelope_of(
            {"content-type": "application/cloudevents-batch+json"},
            "ce_",
            destination="a",
            key="b",
            payload=b"[]",
        )


def back(written: dict[str, str], sent: Envelope, prefix: str = "ce_") -> Envelope:
    place = {"destination": sent.destination, "key": sent.key}
    return envelope_of(written, prefix, **place, payload=sent.payload)


def test_what_others_have_added_is_left_out() -> None:
    written = attributes_of(RICH, "ce_") | {"x-route": "7"}
    found = envelope_of(written, "ce_", destination="a", key="b", payload=b"")
    assert found.headers == RICH.headers


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_time"])
def test_what_must_be_there_is_named(name: str) -> None:
    written = attributes_of(RICH, "ce_")
    del written[name]
    with pytest.raises(UnreadableMessage, match=f"it has no {name}"):
        envelope_of(written, "ce_", destination="a", key="b", payload=b"")


@pytest.mark.parametrize("change", [{"ce_id": "x"}, {"ce_time": "x"}, {"ce_dataversion": "x"}])
def test_what_is_not_what_it_should_be(change: dict[str, str]) -> None:
    with pytest.raises(UnreadableMessage, match="not what it should be"):
        envelope_of(attributes_of(RICH, "ce_") | change, "ce_", destination="a", key="b", payload=b"")
