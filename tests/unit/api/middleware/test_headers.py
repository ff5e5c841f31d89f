import pytest

from fastapi_chassis.api.middleware.headers import MAX_HEADERS, AllowedHosts, RequestHeaders, read_headers
from fastapi_chassis.api.refusals import HeadersTooLargeException, RefusedRequestException

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ANY = AllowedHosts(["*"])


def read(*headers: tuple[str, str]) -> RequestHeaders:
    return read_headers([(name.lower().encode(), value.encode("latin-1")) for name, value in headers])


@pytest.mark.requirement("API-2")
def test_a_correlation_id_is_accepted_as_it_came() -> None:
    assert read(("X-Correlation-Id", "order-4711_a.b")).correlation_id == "order-4711_a.b"


@pytest.mark.requirement("API-2")
@pytest.mark.parametrize("value", ["", "a b", "a\r\nSet-Cookie: x", "ä", "x" * 129, "<script>", "a/b"])
def test_a_bad_correlation_id_is_replaced(value: str) -> None:
    made = read(("X-Correlation-Id", value)).correlation_id
    assert made != value
    assert len(made) == 32


@pytest.mark.requirement("API-2")
def test_trace_context_is_kept_and_names_the_conversation() -> None:
    found = read(("traceparent", TRACE), ("tracestate", "a=b"))

    assert found.trace == {"traceparent": TRACE, "tracestate": "a=b"}
    assert found.correlation_id == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.requirement("API-2")
@pytest.mark.parametrize(
    "value",
    [
        *("", "00-0-0-0", TRACE.upper(), f"{TRACE}-x", f"ff{TRACE[2:]}"),
        TRACE.replace("b7ad6b7169203331", "0" * 16),
        TRACE.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
    ],
)
def test_bad_trace_context_is_dropped_with_its_state(value: str) -> None:
    assert read(("traceparent", value), ("tracestate", "a=b")).trace == {}


def test_state_that_is_too_long_is_dropped_alone() -> None:
    assert read(("traceparent", TRACE), ("tracestate", "a" * 513)).trace == {"traceparent": TRACE}


@pytest.mark.requirement("API-3")
@pytest.mark.parametrize(
    "hosts", [(), ("a", "b"), ("a", "a"), ("",), ("a b",), ('"><script>',), ("a@b",), ("a:x",)]
)
def test_exactly_one_host_is_needed(hosts: tuple[str, ...]) -> None:
    with pytest.raises(RefusedRequestException) as told:
        read(*(("Host", host) for host in hosts)).check(ANY)
    assert told.value.error_code == "INVALID_HOST"


@pytest.mark.requirement("API-3")
@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("shop.example", True),
        ("SHOP.example:8000", True),
        ("a.api.example", True),
        ("a.b.api.example", True),
        ("[::1]", True),
        ("[::1]:8000", True),
        ("api.example", False),
        ("evilapi.example", False),
        ("shop.example.evil", False),
        ("shop.example:80:90", False),
        ("[::2]", False),
    ],
)
def test_hosts_are_those_of_the_list(host: str, is_allowed: bool) -> None:
    assert AllowedHosts(["shop.example", "*.api.example", "[::1]"]).allow(host) is is_allowed


@pytest.mark.requirement("API-3")
def test_too_many_headers_are_refused() -> None:
    read(("Host", "a"), *((f"x-{n}", "") for n in range(MAX_HEADERS - 1))).check(ANY)
    with pytest.raises(HeadersTooLargeException):
        read(("Host", "a"), *((f"x-{n}", "") for n in range(MAX_HEADERS))).check(ANY)
    with pytest.raises(HeadersTooLargeException):
        read(("Host", "a"), ("x", "y" * 33_000)).check(ANY)


@pytest.mark.parametrize(
    "length", ["abc", "-1", "+4", "0x4", "4_0", "٣".encode().decode("latin-1"), "9" * 30, "1, 1"]
)
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(RefusedRequestException):
        read(("Host", "a"), ("Content-Length", length)).check(ANY)


def test_a_length_is_a_number() -> None:
    assert read(("Content-Length", "12")).declared_length == 12
    assert read().declared_length is None


@pytest.mark.requirement("DOM-7")
@pytest.mark.parametrize(
    ("key", "expected"), [("", None), ("a", "a"), ('"8e03978e"', '"8e03978e"'), ("x" * 255, "x" * 255)]
)
def test_a_key_is_up_to_255_visible_characters(key: str, expected: str | None) -> None:
    assert read(("Idempotency-Key", key)).checked_key() == expected


@pytest.mark.requirement("DOM-7")
@pytest.mark.parametrize("key", ["x" * 256, "a b", "ä", "\x7f", "\t"])
def test_another_key_is_refused(key: str) -> None:
    with pytest.raises(RefusedRequestException) as told:
        read(("Idempotency-Key", key)).checked_key()
    assert told.value.error_code == "INVALID_IDEMPOTENCY_KEY"
