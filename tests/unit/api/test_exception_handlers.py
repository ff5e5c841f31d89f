import logging
from datetime import timedelta

import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from fastapi_chassis.api import setup_exception_handlers
from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ConflictException,
    Finding,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
    WiringError,
)
from fastapi_chassis.security import Public
from tests.unit.api.stand import build, problem, speaking

RAISED = {
    "validation": (ValidationException("no", errors={"title": ["too long"]}), 422),
    "not_found": (NotFoundException("Item 3 was not found"), 404),
    "exists": (AlreadyExistsException("taken"), 409),
    "conflict": (ConflictException("moved on", details={"current_version": 7}), 409),
    "unauthenticated": (UnauthenticatedException("who?"), 401),
    "forbidden": (ForbiddenException("no"), 403),
    "rate": (RateLimitedException("slowly", retry_after=2.1), 429),
    "away": (UnavailableException("the database is away"), 503),
    "other": (AppException("something", error_code="ODD"), 400),
}


def raising(fault: Exception) -> FastAPI:
    async def fail() -> None:
        raise fault

    return build(routes=lambda app: app.add_api_route("/fail", fail, dependencies=[Public]))


@pytest.mark.requirement("API-1", "DOM-4")
@pytest.mark.parametrize(("fault", "status"), RAISED.values(), ids=RAISED)
async def test_the_family_is_told_as_problems(fault: AppException, status: int) -> None:
    async with speaking(raising(fault)) as client:
        members = problem(await client.get("/fail"), status)

    assert members["detail"] == fault.message
    assert members["error_code"] == fault.error_code
    assert members["instance"] == "/fail"


@pytest.mark.requirement("API-1")
async def test_a_problem_has_the_headers_that_its_status_asks_for() -> None:
    async with speaking(raising(RAISED["unauthenticated"][0])) as client:
        assert (await client.get("/fail")).headers["www-authenticate"] == "Bearer"
    async with speaking(raising(RAISED["rate"][0])) as client:
        assert (await client.get("/fail")).headers["retry-after"] == "3"
    async with speaking(raising(RAISED["away"][0])) as client:
        assert (await client.get("/fail")).headers["retry-after"] == "1"


@pytest.mark.requirement("DOM-6")
async def test_a_conflict_tells_the_current_version() -> None:
    async with speaking(raising(RAISED["conflict"][0])) as client:
        response = await client.get("/fail")

    assert problem(response, 409)["current_version"] == 7
    assert response.headers["etag"] == '"7"'


@pytest.mark.requirement("DOM-6")
async def test_a_conflict_with_a_stated_version_is_a_failed_precondition() -> None:
    async with speaking(raising(RAISED["conflict"][0])) as client:
        members = problem(await client.get("/fail", headers={"If-Match": '"6"'}), 412)

    assert members["error_code"] == "PRECONDITION_FAILED"
    assert members["current_version"] == 7


async def test_details_never_replace_the_members_of_a_problem() -> None:
    fault = NotFoundException("gone", details={"status": 200, "type": "x", "error_id": "y", "key": "z"})
    async with speaking(raising(fault)) as client:
        members = problem(await client.get("/fail"), 404)

    assert members["type"] == "about:blank"
    assert members["error_id"] != "y"
    assert members["key"] == "z"


@pytest.mark.requirement("API-1")
async def test_an_unknown_route_and_a_wrong_method_are_problems() -> None:
    async with speaking(build()) as client:
        assert problem(await client.get("/nowhere"), 404)["error_code"] == "NOT_FOUND"
        response = await client.patch("/api/items/")
        assert problem(response, 405)["error_code"] == "METHOD_NOT_ALLOWED"
        assert response.headers["allow"] == "GET, POST"


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize(
    "fault",
    [RuntimeError("canary-4711"), WiringError(Finding("canary-4711")), TimeoutError("canary-4711")],
    ids=lambda fault: type(fault).__name__,
)
async def test_an_unexpected_error_shows_nothing_and_is_found_in_the_log(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with speaking(raising(fault)) as client:
        response = await client.get("/fail")

    members = problem(response, 500)
    assert "canary" not in response.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.__dict__["error_id"] == members["error_id"]
    assert record.exc_info is not None
    assert record.exc_info[1] is fault


async def test_what_is_away_stands_in_the_log_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with speaking(raising(UnavailableException("the database is away"))) as client:
        members = problem(await client.get("/fail"), 503)

    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.__dict__["error_id"] == members["error_id"]
    assert record.exc_info is None


async def test_an_exception_of_the_framework_keeps_headers_and_words() -> None:
    async with speaking(raising(HTTPException(418, "short and stout", {"X-Pot": "tea"}))) as client:
        response = await client.get("/fail")
    assert problem(response, 418)["detail"] == "short and stout"
    assert response.headers["x-pot"] == "tea"

    async with speaking(raising(HTTPException(499, {"reason": "left", "status": 1}))) as client:
        members = problem(await client.get("/fail"), 499)
    assert members["reason"] == "left"

    async with speaking(raising(HTTPException(304))) as client:
        assert (await client.get("/fail")).status_code == 304


class Sale(BaseModel):
    quantity: int


@pytest.mark.requirement("API-1")
async def test_invalid_input_names_the_fields_and_repeats_nothing() -> None:
    async def sell(sale: Sale, in_days: timedelta | None = None) -> None: ...

    app = build(routes=lambda app: app.add_api_route("/sell", sell, methods=["POST"], dependencies=[Public]))
    async with speaking(app) as client:
        response = await client.post("/sell?in_days=canary-1", json={"quantity": "canary-2"})

    members = problem(response, 422)
    assert set(members["errors"]) == {"in_days", "quantity"}
    assert "canary" not in response.text


@pytest.mark.requirement("API-1")
async def test_the_status_of_invalid_input_is_configured_for_all_of_it() -> None:
    async with speaking(build(validation_status=400)) as client:
        problem(await client.post("/api/items/", json={}), 400)
        problem(
            await client.post("/api/items/", content=b"{", headers={"content-type": "application/json"}), 400
        )
        problem(await client.get("/api/items/?limit=-1"), 400)
        problem(await client.get("/api/items/?nothing=1"), 400)


async def test_types_begin_as_configured() -> None:
    async with speaking(build(error_type_base="https://shop.example/problems/")) as client:
        members = problem(await client.get("/nowhere"), 404)

    assert members["type"] == "https://shop.example/problems/not-found"


async def test_the_handlers_serve_an_application_without_the_edge() -> None:
    app = FastAPI()
    setup_exception_handlers(app)

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("canary")

    async with speaking(app) as client:
        problem_of_ours = await client.get("/fail")
        assert problem_of_ours.status_code == 500
        assert problem_of_ours.json()["error_code"] == "INTERNAL_ERROR"
        assert (await client.get("/nowhere")).json()["status"] == 404
