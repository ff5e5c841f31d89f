import logging

import pytest
from fastapi import APIRouter, FastAPI

from fastapi_chassis.security import Public
from fastapi_chassis.status import StatusService, health_router
from tests.unit.api.stand import Exchange, build, speaking


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "fastapi_chassis.access"]


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def test_a_line_names_the_route_and_never_the_path(caplog: pytest.LogCaptureFixture) -> None:
    async with speaking(build()) as client:
        await client.get("/api/items/canary-1?limit=canary-2", headers={"X-Correlation-Id": "c-1"})
        await client.get("/canary-3")

    first, second = lines(caplog)
    assert first.getMessage() == "GET /api/items/{item_id} 422"
    assert first.__dict__["route"] == "/api/items/{item_id}"
    assert first.__dict__["correlation_id"] == "c-1"
    assert first.__dict__["ms"] > 0
    assert second.getMessage() == "GET (no route) 404"
    assert "canary" not in caplog.text.replace("HTTP Request: GET http://stand", "").split("httpx2")[0]


async def test_the_template_has_every_prefix(caplog: pytest.LogCaptureFixture) -> None:
    async def number(number: int) -> int:
        return number

    def routes(app: FastAPI) -> None:
        inner, outer, mounted = APIRouter(prefix="/inner"), APIRouter(prefix="/outer"), FastAPI()
        inner.add_api_route("/{number}", number, dependencies=[Public])
        outer.include_router(inner)
        app.include_router(outer, prefix="/api")
        mounted.add_api_route("/{number}", number)
        app.mount("/mounted", mounted)

    async with speaking(build(routes=routes)) as client:
        await client.get("/api/outer/inner/3")
        await client.get("/mounted/3")

    assert [record.__dict__["route"] for record in lines(caplog)] == [
        "/api/outer/inner/{number}",
        "/mounted/{number}",
    ]


async def test_probes_have_no_line(caplog: pytest.LogCaptureFixture) -> None:
    app = build(routes=lambda app: app.include_router(health_router(StatusService())))
    async with speaking(app) as client:
        assert (await client.get("/api/health/live")).status_code == 200

    assert lines(caplog) == []


async def test_a_method_that_nobody_knows_is_one_word(caplog: pytest.LogCaptureFixture) -> None:
    await Exchange(build(), method="CANARY\r\nx").run()

    assert lines(caplog)[0].getMessage() == "OTHER /api/echo 405"


async def test_a_client_that_left_is_499(caplog: pytest.LogCaptureFixture) -> None:
    await Exchange(build(), body=(b'{"a":',), is_cut=True).run()

    assert lines(caplog)[0].getMessage() == "POST /api/echo 499"
