"""The health routes answer with what the status service knows."""

import httpx2
import pytest
from fastapi import FastAPI

from fastapi_chassis.status import HealthStatusEnum, ProbeRoute, StatusService, health_router


def client_of(
    status: StatusService, *, prefix: str = "/api", show_details: bool = False
) -> httpx2.AsyncClient:
    app = FastAPI()
    app.include_router(health_router(status, prefix=prefix, show_details=show_details))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")


def running() -> StatusService:
    status = StatusService()
    status.ready()
    return status


async def codes(status: StatusService) -> dict[str, int]:
    async with client_of(status) as client:
        return {
            path: (await client.get(f"/api/health{path}")).status_code for path in ("/live", "/ready", "")
        }


@pytest.mark.requirement("STA-2", "MISTAKE-18")
async def test_without_components_a_started_service_is_well() -> None:
    assert await codes(running()) == {"/live": 200, "/ready": 200, "": 200}


@pytest.mark.requirement("STA-2", "MISTAKE-18")
async def test_before_start_and_during_shutdown_it_only_lives() -> None:
    status = StatusService()
    assert await codes(status) == {"/live": 200, "/ready": 503, "": 503}
    status.ready()
    status.stopping()
    assert await codes(status) == {"/live": 200, "/ready": 503, "": 503}


@pytest.mark.requirement("STA-2", "MISTAKE-18")
async def test_a_critical_component_that_is_down_is_503_and_alive() -> None:
    status = running()
    status.register("database")
    status.report("database", HealthStatusEnum.UNHEALTHY)
    assert await codes(status) == {"/live": 200, "/ready": 503, "": 503}


async def test_a_degraded_service_is_ready() -> None:
    status = running()
    status.register("cache", critical=False)
    status.report("cache", HealthStatusEnum.UNHEALTHY)
    assert await codes(status) == {"/live": 200, "/ready": 200, "": 200}


async def test_the_body_tells_of_components_and_hides_details() -> None:
    status = running()
    status.register("cache", critical=False)
    status.report("cache", HealthStatusEnum.DEGRADED, "10.0.0.7 is slow")
    since = status.components[0].since.isoformat().replace("+00:00", "Z")
    component = {"name": "cache", "status": "degraded", "critical": False, "since": since}
    async with client_of(status) as client:
        body = (await client.get("/api/health")).json()
    assert body == {"status": "degraded", "ready": True, "components": [component]}
    async with client_of(status, show_details=True) as client:
        body = (await client.get("/api/health")).json()
    assert body["components"] == [component | {"detail": "10.0.0.7 is slow"}]


async def test_readiness_says_why_not() -> None:
    async with client_of(StatusService()) as client:
        response = await client.get("/api/health/ready")
    assert response.json() == {"ready": False, "reason": "starting"}
    assert response.headers["cache-control"] == "no-store"


async def test_the_prefix_can_be_another() -> None:
    async with client_of(running(), prefix="") as client:
        assert (await client.get("/health/live")).json() == {"status": "alive"}


def test_its_routes_are_marked_as_probes() -> None:
    router = health_router(StatusService())
    assert all(isinstance(route, ProbeRoute) for route in router.routes)
    assert {route.path for route in router.routes} == {
        "/api/health",
        "/api/health/live",
        "/api/health/ready",
    }


async def test_the_503_answers_stand_in_the_api_document() -> None:
    app = FastAPI()
    app.include_router(health_router(StatusService()))
    paths = app.openapi()["paths"]
    assert "503" in paths["/api/health"]["get"]["responses"]
    assert "503" in paths["/api/health/ready"]["get"]["responses"]


async def test_a_middleware_sees_the_mark() -> None:
    seen = []
    app = FastAPI()
    app.include_router(health_router(running()))

    async def outer(scope, receive, send) -> None:
        await app(scope, receive, send)
        seen.append(scope.get("route"))

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(outer), base_url="http://test") as client:
        await client.get("/api/health/live")
    assert isinstance(seen[0], ProbeRoute)
