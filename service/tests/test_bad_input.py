"""Bad input: whatever a caller sends to whichever route, the answer is a 4xx problem."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager

import httpx2
import pytest
import pytest_asyncio

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import frozen, open_application
from fastapi_chassis.testing.backends import fresh_database

from .conftest import NOW, STORES, built, quick_passwords
from .operations import Operation, operations, with_json
from .shop import Member, Shop, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
EACH = pytest.mark.parametrize("operation", operations(), ids=str)
EACH_JSON = pytest.mark.parametrize("operation", with_json(), ids=str)
SURROGATE = "\ud800"
NO_JSON = {
    "empty": b"",
    "nothing": b" ",
    "cut off": b'{"title": "Du',
    "trailing comma": b'{"title": "Dune",}',
    "single quotes": b"{'title': 'Dune'}",
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": Infinity, "email": -Infinity}',
    "lone surrogate": b'{"title": "\\ud800", "email": "\\udfff"}',
    "raw surrogate": b'{"title": "\xed\xa0\x80"}',
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "overlong": b'{"title": "\xc0\xaf"}',
    "UTF-16": '{"title": "Dune"}'.encode("utf-16"),
    "NUL inside": b'{"title": "a\\u0000b"}',
    "raw NUL": b'{"title": "a\x00b"}',
    "NUL alone": b"\x00",
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"meta":' * 5_000 + b"1" + b"}" * 5_000,
    "deep and unclosed": b"[" * 100_000,
    "huge integer": b'{"meta": {"n": 9223372036854775808}}',
    "enormous integer": b'{"title": ' + b"9" * 5_000 + b"}",
    "a list": b"[]",
    "a text": b'"Dune"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "two documents": b"{} {}",
    "a byte order mark": b'\xef\xbb\xbf{"title": "Dune"}',
    "10^5 values": json.dumps({f"k{n}": n for n in range(60_000)}).encode(),
    "a list of 10^5": json.dumps(list(range(100_000))).encode(),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=STORES)
async def ada(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Member]:
    """An administrator of one bookshop for all of this, on each store."""
    async with AsyncExitStack() as stack:
        url = None
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('bookshop') / 'bookshop.db'}"
        elif request.param == "postgresql":
            server = request.getfixturevalue("backend_session").shared("postgresql")
            url = await stack.enter_async_context(fresh_database(server.url))
        application = built(url, frozen(FrozenClock(NOW)), quick_passwords())
        yield await Shop(await stack.enter_async_context(open_application(application))).administrator()


async def sent(ada: Member, operation: Operation, **options: object) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {ada.access}", **options.pop("headers", {})}
    return await ada.client.request(operation.method, operation.url, headers=headers, **options)


@contextmanager
def about(what: object) -> Iterator[None]:
    """Says what was sent when an assertion fails."""
    try:
        yield
    except AssertionError as fault:
        fault.add_note(f"sent: {str(what)[:200]}")
        raise


def assert_refused(response: httpx2.Response) -> None:
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text[:300]}"
    assert_problem(response, response.status_code)


@pytest.mark.requirement("API-1")
@EACH_JSON
async def test_what_is_no_json_for_the_route_is_refused(ada: Member, operation: Operation) -> None:
    for name, body in NO_JSON.items():
        response = await sent(ada, operation, content=body, headers={"Content-Type": "application/json"})
        with about(name):
            assert_refused(response)


def bad_texts(limit: int = 1_000_000) -> dict[str, str]:
    return {"NUL": "a\x00b", "a lone surrogate": f"a{SURROGATE}b", "a megabyte": "x" * limit}


@pytest.mark.requirement("API-1")
@EACH_JSON
async def test_bad_text_in_any_field_is_refused(ada: Member, operation: Operation) -> None:
    assert operation.example is not None
    for field in operation.fields:
        for name, text in bad_texts().items():
            body = json.dumps({**operation.example, field: text})
            response = await sent(ada, operation, content=body, headers={"Content-Type": "application/json"})
            with about(f"{field}: {name}"):
                assert_refused(response)


VALUES: dict[str, object] = {
    "null": None,
    "a flag": True,
    "2^63": 2**63,
    "-2^63-1": -(2**63) - 1,
    "10^400": 10**400,
    "a fraction": 1.5,
    "a list": [[]],
    "an object": {"$gt": ""},
    "10^5 values": list(range(100_000)),
}


@pytest.mark.requirement("API-1")
@EACH_JSON
async def test_a_value_of_another_type_is_never_a_fault_of_ours(ada: Member, operation: Operation) -> None:
    assert operation.example is not None
    for field in operation.fields:
        for name, value in VALUES.items():
            body = json.dumps({**operation.example, field: value})
            response = await sent(ada, operation, content=body, headers={"Content-Type": "application/json"})
            if response.status_code == 404 or (value is None and response.status_code < 400):
                continue  # the field may be null, or the route's entity is not there
            with about(f"{field}: {name}"):
                assert_refused(response)


KINDS = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/xml",
    "",
    "/",
    "é",
    "application/json; charset=utf-16",
]


@pytest.mark.requirement("API-1")
@EACH_JSON
async def test_another_content_type_is_refused(ada: Member, operation: Operation) -> None:
    for kind in KINDS:
        encoding = "utf-16" if "utf-16" in kind else "utf-8"
        body = json.dumps(operation.example).encode(encoding)
        headers = {"Content-Type": kind.encode("latin-1")}
        with about(kind):
            assert_refused(await sent(ada, operation, content=body, headers=headers))


QUERIES = [
    b"limit=-1",
    b"limit=9223372036854775808",
    b"after=%00",
    b"after=%FF",
    b"after=%ED%A0%80",
    b"after=\\",
    b"after=" + b"x" * 20_000,
    b"x=%00",
    b"%00=x",
    b"%FF=%FE",
    b"title=%C0%AF",
    b"title__ilike=%FF",
    b"title__ilike=%00",
    b"created_at__gte=999999999999999999999",
    b"created_at__lt=0001-01-01T00:00:00-23:59",
    b"created_at__lt=9999-12-31T23:59:59-23:59",
    b"unknown=1",
    b"&".join(b"a=%d" % n for n in range(5_000)),
]


NEVER_FINE = {b"after=%FF", b"%FF=%FE", b"x=%00", b"title=%C0%AF", b"unknown=1"}


@pytest.mark.requirement("API-1", "API-5")
@EACH
async def test_no_query_is_a_fault_of_ours(ada: Member, operation: Operation) -> None:
    for query in QUERIES:
        target = httpx2.URL(f"http://test{operation.url}").copy_with(query=query)
        response = await ada.client.request(
            operation.method, target, headers=ada.headers, json=operation.example
        )
        with about(query):
            assert response.status_code < 500
            if response.status_code >= 400 or (query in NEVER_FINE and "health" not in operation.path):
                assert_refused(response)


PATHS = [
    "x",
    "%00",
    "%FF",
    "1",
    "-1",
    str(2**63),
    "9" * 5_000,
    "..",
    "%2e%2e",
    "'; DROP TABLE items; --",
    "a/b",
]


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("operation", [one for one in operations() if "{" in one.path], ids=str)
async def test_no_path_is_a_fault_of_ours(ada: Member, operation: Operation) -> None:
    head, _, rest = operation.path.partition("{")
    for value in PATHS:
        response = await ada.client.request(
            operation.method,
            head + value + rest.partition("}")[2],
            headers=ada.headers,
            json=operation.example,
        )
        with about(value):
            if response.status_code != 307:
                assert_refused(response)


FORMS = {
    "nothing": b"",
    "no UTF-8": b"username=%FF&password=%FE",
    "raw bytes": b"username=\xff&password=\xfe",
    "NUL": b"username=a%00b&password=correct+horse",
    "a megabyte": b"username=" + b"x" * 1_000_000 + b"&password=y",
    "too much": b"username=" + b"x" * 1_100_000 + b"&password=y",
    "many fields": b"&".join(b"f%d=1" % n for n in range(5_000)),
    "the same field": b"username=a&username=b&password=x&password=y",
    "another grant": b"grant_type=client_credentials&username=ada&password=x",
    "json": b'{"username": "ada"}',
}


@pytest.mark.requirement("API-1", "REF-2")
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
)
async def test_no_form_is_a_fault_of_ours(ada: Member, kind: str) -> None:
    for name, body in FORMS.items():
        headers = {"Content-Type": kind}
        response = await ada.client.post("/api/auth/token", content=body, headers=headers)
        with about(name):
            assert_refused(response)


@pytest.mark.requirement("API-1")
@EACH
async def test_other_methods_are_refused_with_those_that_are_allowed(
    ada: Member, operation: Operation
) -> None:
    unknown = "PUT" if "dead-letters" in operation.url else "PATCH"
    response = await ada.client.request(unknown, operation.url, headers=ada.headers)
    assert_problem(response, 405)
    assert operation.method in response.headers["allow"].replace(" ", "").split(",")


@pytest.mark.requirement("API-1", "API-3")
@EACH_JSON
async def test_a_body_that_is_too_large_is_refused(ada: Member, operation: Operation) -> None:
    body = b'{"title": "' + b"x" * (1024 * 1024) + b'"}'
    response = await sent(ada, operation, content=body, headers={"Content-Type": "application/json"})
    assert_problem(response, 413)
