import hashlib
from dataclasses import replace

import pytest

from fastapi_chassis.messaging import (
    DATAREF,
    UnreadableMessage,
    attributes_of,
    ce_attributes,
    envelope_of,
    read_structured,
    write_structured,
)
from fastapi_chassis.messaging.claim_check import ClaimCheck, PayloadLost, check_of, with_check, with_payload
from tests.unit.messaging.shop import created

CHECK = ClaimCheck.of("20261205T14/01a2 b?", b"payload")


def test_a_check_tells_size_and_digest() -> None:
    assert (CHECK.size, CHECK.digest) == (7, hashlib.sha256(b"payload").hexdigest())


@pytest.mark.requirement("MSG-15")
def test_a_reference_is_the_extension_that_cloudevents_has_for_it() -> None:
    reference = with_check(created(), CHECK)
    assert reference.payload == b""
    written = ce_attributes(reference)
    assert written[DATAREF] == "claim-check:20261205T14/01a2%20b%3F"
    assert (written["datarefsize"], written["datarefsha256"]) == ("7", CHECK.digest)
    assert b'"data"' not in write_structured(reference)


def test_it_is_read_again_whichever_way_it_travelled() -> None:
    reference = with_check(created(), CHECK)
    binary = envelope_of(
        *(attributes_of(reference, "ce_"), "ce_"),
        destination=reference.destination,
        key=reference.key,
        payload=b"",
    )
    structured = read_structured(write_structured(reference), destination=reference.destination)
    assert check_of(binary.headers) == check_of(structured.headers) == CHECK


def test_with_its_payload_a_message_is_what_it_was() -> None:
    message = created()
    assert with_payload(with_check(message, CHECK), message.payload) == message


def test_the_payload_that_was_checked_in_is_verified() -> None:
    assert CHECK.verify(b"payload") == b"payload"


@pytest.mark.requirement("MSG-15")
@pytest.mark.parametrize("found", [None, b"", b"payloa", b"payloae", b"payload "])
def test_any_other_is_not(found: bytes | None) -> None:
    with pytest.raises(PayloadLost, match="20261205T14"):
        CHECK.verify(found)


@pytest.mark.parametrize(
    "changes",
    [
        {DATAREF: "https://example.com/payloads/1"},
        {DATAREF: "file:///etc/passwd"},
        {"datarefsize": ""},
        {"datarefsize": "-1"},
        {"datarefsize": "\u0663"},
        {"datarefsha256": ""},
    ],
)
def test_what_is_no_check_of_ours_is_unreadable(changes: dict[str, str]) -> None:
    reference = with_check(created(), CHECK)
    with pytest.raises(UnreadableMessage):
        check_of(replace(reference, headers={**reference.headers, **changes}).headers)
