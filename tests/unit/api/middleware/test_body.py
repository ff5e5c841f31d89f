from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest

from fastapi_chassis.api.middleware.body import RequestBody
from fastapi_chassis.api.middleware.headers import RequestHeaders
from fastapi_chassis.api.refusals import BodyTooLargeException
from fastapi_chassis.domain import ValidationException


def body(
    parts: Iterable[bytes], *, limit: int = 10, kind: str = "", length: str = "", scope: Any = None
) -> RequestBody:
    waiting = list(parts)

    async def receive() -> MutableMapping[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    headers = RequestHeaders(content_type=kind, content_length=length)
    return RequestBody(receive, scope if scope is not None else {}, limit, headers)


async def read(of: RequestBody) -> bytes:
    whole = b""
    while (message := await of.receive())["type"] == "http.request":
        whole += message["body"]  # type: ignore[operator]
    return whole


async def test_a_body_within_its_limit_passes_untouched() -> None:
    assert await read(body([b"12345", b"67890"], length="10")) == b"1234567890"


@pytest.mark.requirement("API-3")
async def test_a_declared_length_is_refused_before_a_byte_is_read() -> None:
    taken = body([b"1"], length="11")
    with pytest.raises(BodyTooLargeException):
        await taken.receive()


@pytest.mark.requirement("API-3")
async def test_a_streamed_body_is_refused_where_it_gets_too_long() -> None:
    with pytest.raises(BodyTooLargeException):
        await read(body([b"12345", b"67890", b"1"]))


async def test_a_route_may_set_its_own_limit() -> None:
    scope = {"starlette.max_body_size": 20}
    assert len(await read(body([b"1" * 20], length="20", scope=scope))) == 20
    with pytest.raises(BodyTooLargeException) as told:
        await read(body([b"1" * 21], scope=scope))
    assert told.value.details == {"limit": 20}


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
async def test_json_is_looked_at_when_it_is_complete(kind: str) -> None:
    assert await read(body([b'"a', b'b"'], kind=kind)) == b'"ab"'
    with pytest.raises(ValidationException):
        await read(body([b'"a', b'b"', b"]"], kind=kind))


async def test_forms_are_looked_at_too() -> None:
    kind = "application/x-www-form-urlencoded"
    assert await read(body([b"a=b%20c"], kind=kind)) == b"a=b%20c"
    for bad in (b"a=%00", b"a=\x00", b"a=%FF", b"a=\xff"):
        with pytest.raises(ValidationException):
            await read(body([bad], kind=kind))


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "text/plain"])
async def test_other_bodies_are_nobodys_business(kind: str) -> None:
    assert await read(body([b"\x00\xff{"], kind=kind)) == b"\x00\xff{"
