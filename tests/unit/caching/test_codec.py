"""Cached values come back as exactly what they were."""

from datetime import UTC, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.caching import decode_value, encode_value

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)


@given(VALUES)
def test_every_value_comes_back(value: object) -> None:
    found = decode_value(encode_value(value))
    assert found == value
    assert repr(found) == repr(value)


@given(st.dictionaries(st.sampled_from(["$bytes", "$dict", "$", "a"]), st.text()))
def test_a_dict_that_looks_like_a_tag_is_a_dict(value: dict[str, str]) -> None:
    assert decode_value(encode_value(value)) == value


@pytest.mark.parametrize(
    "data", [b"", b"no json", b'{"$unknown": 1}', b'{"$UUID": "x"}', b'{"$Decimal": "x"}', b"\x80\x04K\x01."]
)
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_value(data)


def test_a_zone_comes_back_as_its_offset() -> None:
    time = datetime(2026, 7, 1, tzinfo=UTC).astimezone(timezone.max)
    found = decode_value(encode_value(time))
    assert isinstance(found, datetime)
    assert (found, found.utcoffset()) == (time, time.utcoffset())
