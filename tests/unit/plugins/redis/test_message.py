"""An envelope survives the way through the fields of a stream; what is none is told."""

import pytest

from fastapi_chassis.messaging import UnreadableMessage
from fastapi_chassis.plugins.redis.message import (
    ATTEMPTS,
    ATTRIBUTES,
    DESTINATION,
    KEY,
    MAX_REASON,
    PAYLOAD,
    REASON,
    Entry,
    dead_fields,
    entries_in,
    envelope_in,
    fields_of,
)
from fastapi_chassis.testing.contracts.envelopes import envelope

NAMES: tuple[bytes, ...] = (DESTINATION, KEY, ATTRIBUTES, PAYLOAD)


def test_what_was_written_is_read() -> None:
    one = envelope(7, key="käse/1", destination="a.b")
    assert envelope_in(dict(zip(NAMES, fields_of(one), strict=True))) == one


def test_a_message_without_a_key_is_an_order_of_its_own() -> None:
    one = envelope(7, destination="a.b")
    fields = dict(zip(NAMES, fields_of(one), strict=True))
    del fields[KEY]
    assert envelope_in(fields).key == str(one.id)


@pytest.mark.parametrize("key", ["\udc00", "ok"])
def test_text_that_is_none_is_a_value_error(key: str) -> None:
    destination = "a" if key != "ok" else "\udc00"
    with pytest.raises(ValueError, match="surrogates"):
        fields_of(envelope(1, key=key, destination=destination))


@pytest.mark.requirement("MSG-6")
@pytest.mark.parametrize(
    "change",
    [{ATTRIBUTES: b"{"}, {ATTRIBUTES: b"[]"}, {ATTRIBUTES: b'{"ce-id": 1}'}, {DESTINATION: b"\xff"}],
)
def test_what_is_no_message_says_why(change: dict[bytes, bytes]) -> None:
    fields = dict(zip(NAMES, fields_of(envelope(1)), strict=True))
    with pytest.raises(UnreadableMessage):
        envelope_in({**fields, **change})
    with pytest.raises(UnreadableMessage, match="payload"):
        envelope_in({name: value for name, value in fields.items() if name != PAYLOAD})


def test_a_dead_letter_is_the_message_with_a_reason_of_bounded_size() -> None:
    fields = dead_fields(Entry(b"1-0", {KEY: b"k"}), "ä" * 10_000, 3)
    assert fields[KEY] == b"k"
    assert fields[ATTEMPTS] == b"3"
    assert len(fields[REASON]) <= MAX_REASON


def test_entries_are_read_also_where_one_was_removed() -> None:
    found = entries_in([[b"1-0", [b"a", b"b"]], [b"2-0", None]])
    assert found == [Entry(b"1-0", {b"a": b"b"}), Entry(b"2-0", {})]
