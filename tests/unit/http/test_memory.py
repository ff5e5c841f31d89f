"""Answers for tests, made in a line."""

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.http import (
    HttpRequest,
    InMemorySender,
    build_mocked_aiohttp_resource,
    build_mocked_aiohttp_response,
)

URL = "https://catalogue/items"


async def send(sender: InMemorySender, url: str = URL) -> int:
    return (await sender.send(HttpRequest(method="GET", url=url))).status


def test_a_mocked_response() -> None:
    response = build_mocked_aiohttp_response(201, json={"id": 7}, headers={"ETag": "1"})
    assert (response.status, response.json()) == (201, {"id": 7})
    assert response.headers == {"content-type": "application/json", "etag": "1"}
    assert build_mocked_aiohttp_response(body=b"x").body == b"x"


@pytest.mark.requirement("TST-1")
async def test_a_mocked_resource_answers_one_after_another_and_keeps_the_requests() -> None:
    sender = build_mocked_aiohttp_resource(
        {
            f"GET {URL}": [build_mocked_aiohttp_response(503), build_mocked_aiohttp_response(200)],
            f"GET {URL}?q=1": build_mocked_aiohttp_response(404),
            "GET https://away/": ConnectionError("refused"),
        }
    )
    assert [await send(sender) for _ in range(3)] == [503, 200, 200]
    assert await send(sender, f"{URL}?q=1") == 404
    assert await send(sender, f"{URL}?q=2") == 200
    with pytest.raises(ConnectionError):
        await send(sender, "https://away/")
    with pytest.raises(UnavailableException):
        await send(sender, "https://nobody/")
    assert len(sender.requests) == 7


def test_no_answer_is_no_answer() -> None:
    with pytest.raises(ValueError, match="at least one"):
        InMemorySender().answer("GET", URL)
