"""How well the service and its parts are; enter by StatusService, or ask under /health."""

from fastapi_chassis.status.checks import Check
from fastapi_chassis.status.component import (
    Component,
    HealthStatusEnum,
    StatusChange,
    degraded,
    healthy,
    unhealthy,
)
from fastapi_chassis.status.routes import ProbeRoute, health_router
from fastapi_chassis.status.service import PhaseEnum, Readiness, StatusService
from fastapi_chassis.status.strategies import HealthStrategy, critical_decides, worst_decides

__all__ = (
    "Check",
    "Component",
    "HealthStatusEnum",
    "HealthStrategy",
    "PhaseEnum",
    "ProbeRoute",
    "Readiness",
    "StatusChange",
    "StatusService",
    "critical_decides",
    "degraded",
    "health_router",
    "healthy",
    "unhealthy",
    "worst_decides",
)
