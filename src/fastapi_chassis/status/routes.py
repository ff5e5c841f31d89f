"""Routes: whether the service lives, whether it wants requests, and how its parts are."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from fastapi_chassis.status.component import Component, HealthStatusEnum
from fastapi_chassis.status.service import StatusService

_UNAVAILABLE = 503


class ProbeRoute(APIRoute):
    """A route that machines ask again and again: public, and without a line in the access log."""


class LivenessResponse(BaseModel):
    """The process answers."""

    status: Annotated[str, Field(examples=["alive"])] = "alive"


class ReadinessResponse(BaseModel):
    """Whether the service wants requests."""

    ready: bool
    reason: Annotated[str, Field(examples=["stopping"])] = ""


class ComponentResponse(BaseModel):
    """One part of the service."""

    name: Annotated[str, Field(examples=["sqlalchemy"])]
    status: HealthStatusEnum
    critical: bool
    since: datetime
    detail: Annotated[str | None, Field(description="Why; left out where callers may not know.")] = None


class HealthResponse(BaseModel):
    """The whole service and its parts."""

    status: HealthStatusEnum
    ready: bool
    components: list[ComponentResponse]


def health_router(status: StatusService, *, prefix: str = "/api", show_details: bool = False) -> APIRouter:
    """Makes the routes `{prefix}/health/live`, `{prefix}/health/ready` and `{prefix}/health`.

    Args:
        status: who knows.
        prefix: what the paths begin with.
        show_details: whether callers see why a component is as it is; for development.
    """
    router = APIRouter(prefix=f"{prefix}/health", tags=["health"], route_class=ProbeRoute)

    @router.get("/live", summary="Liveness")
    async def live(response: Response) -> LivenessResponse:
        _never_kept(response)
        return LivenessResponse()

    @router.get("/ready", summary="Readiness", responses={_UNAVAILABLE: {"model": ReadinessResponse}})
    async def ready(response: Response) -> ReadinessResponse:
        readiness = status.readiness()
        _never_kept(response, is_well=readiness.is_ready)
        return ReadinessResponse(ready=readiness.is_ready, reason=readiness.reason)

    @router.get(
        "",
        summary="Health of the components",
        responses={_UNAVAILABLE: {"model": HealthResponse}},
        response_model_exclude_none=True,
    )
    async def health(response: Response) -> HealthResponse:
        total, is_ready = status.health(), bool(status.readiness())
        _never_kept(response, is_well=is_ready and total is not HealthStatusEnum.UNHEALTHY)
        shown = [_shown(component, show_details=show_details) for component in status.components]
        return HealthResponse(status=total, ready=is_ready, components=shown)

    return router


def _never_kept(response: Response, *, is_well: bool = True) -> None:
    response.headers["Cache-Control"] = "no-store"
    if not is_well:
        response.status_code = _UNAVAILABLE


def _shown(component: Component, *, show_details: bool) -> ComponentResponse:
    return ComponentResponse(
        name=component.name,
        status=component.status,
        critical=component.critical,
        since=component.since,
        detail=component.detail if show_details else None,
    )
