"""Envelopes that the contract suites send: plain ones, and those that hypothesis thinks of."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import Envelope

DESTINATION = "integration-events.sample_renamed"


def envelope(number: int = 0, *, key: str = "one", destination: str = DESTINATION) -> Envelope:
    """Makes an envelope whose payload is a number."""
    return Envelope(
        id=new_id(),
        type="sample_renamed",
        source="contracts",
        time=datetime.now(UTC),
        destination=destination,
        key=key,
        aggregate_type="sample",
        payload=b"%d" % number,
    )


def numbers(envelopes: Iterable[Envelope]) -> list[int]:
    """Reads the numbers of envelopes."""
    return [int(one.payload) for one in envelopes]


def any_envelopes(max_size: int = 5) -> st.SearchStrategy[list[Envelope]]:
    """Thinks of envelopes: any bytes, and any text that a database can hold."""
    text = st.text(
        st.characters(exclude_characters="\x00", categories=("L", "M", "N", "P", "S", "Z", "Cc", "Cf")),
        max_size=50,
    )
    zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
    one = st.builds(
        Envelope,
        id=st.uuids(),
        type=text,
        version=st.integers(1, 32_767),
        source=text,
        time=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=zones),  # noqa: DTZ001
        destination=text,
        key=text,
        aggregate_type=text,
        payload=st.binary(max_size=300),
        content_type=text,
        headers=st.dictionaries(text, text, max_size=4),
    )
    return st.lists(one, min_size=1, max_size=max_size, unique_by=lambda envelope: envelope.id)
