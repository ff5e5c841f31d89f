import json
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.api.middleware.json_body import MAX_DEPTH, check_json, check_urlencoded
from fastapi_chassis.domain import ValidationException

GOOD = {
    "nothing": b"",
    "null": b"null",
    "text": '{"title":"Dune · \\ud83d\\ude00 €"}'.encode(),
    "a backslash before u0000": rb'"\\u0000"',
    "64 bits": b"[9223372036854775807,-9223372036854775808]",
    "long digits in text": b'"99999999999999999999999999"',
    "a long fraction": b"0.12345678901234567890123",
    "NaN in text": b'"NaN Infinity"',
    "64 levels": b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
    "brackets in text": b'{"a":"' + b"[{" * 100 + rb"\"[" + b'"}',
    "brackets in names": b'{"]":[' + b",".join([b'{"}":"{"}'] * 100) + b"]}",
    "a wide list": b"[" + b",".join([b"{}"] * 500) + b"]",
}
BAD = {
    "malformed": b'{"title":',
    "not a number": b'{"a":NaN}',
    "infinite": b"[-Infinity]",
    "infinite by its exponent": b"1e999",
    "lone surrogate": rb'"\ud800"',
    "lone surrogate as bytes": b'"\xed\xa0\x80"',
    "no utf-8": b'"\xff"',
    "utf-16": '{"a":1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "nul": rb'"\u0000"',
    "nul behind a backslash": rb'"\\\u0000"',
    "raw nul": b'"\x00"',
    "nul in a name": rb'{"\u0000":1}',
    "65 bits": b"9223372036854775808",
    "negative 65 bits": b'{"a":[-9223372036854775809]}',
    "5,000 digits": b"9" * 5_000,
    "65 levels": b"[" * 65 + b"]" * 65,
    "100 levels that brackets in text would hide": b'{"}":' * 100 + b"1" + b',"{":1}' * 100,
    "1,000 levels of objects": b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
    "1,000,000 levels": b"[" * 1_000_000,
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_good_json_passes(body: bytes) -> None:
    check_json(body)


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_bad_json_is_refused_at_once(body: bytes) -> None:
    began = perf_counter()
    with pytest.raises(ValidationException) as told:
        check_json(body)

    assert list(told.value.errors) == ["body"]
    assert perf_counter() - began < 1


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_whatever_a_client_writes_as_json_passes(value: object) -> None:
    check_json(json.dumps(value).encode())
    check_json(json.dumps(value, ensure_ascii=False).encode())


def test_a_whole_megabyte_is_looked_at_in_no_time() -> None:
    for body in (
        b"[" + b"{}," * 330_000 + b"1]",
        b"[" + b'"[{\\"",' * 120_000 + b"1]",
        b"[" + b"1," * 500_000 + b"1]",
    ):
        began = perf_counter()
        check_json(body)
        assert perf_counter() - began < 0.5


@pytest.mark.parametrize("raw", [b"q=a%20b", b"q=%E2%82%AC", b"", b"q=%", b"q=%zz"])
def test_good_encoding_passes(raw: bytes) -> None:
    check_urlencoded(raw, "query")


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("raw", [b"q=%00", b"q=%FF", b"q=%ED%A0%80", b"q=\xff", b"q=%C0%80"])
def test_bad_encoding_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationException) as told:
        check_urlencoded(raw, "query")
    assert list(told.value.errors) == ["query"]
