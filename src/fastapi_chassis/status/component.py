"""Component: how one part of the service is, and since when."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class HealthStatusEnum(StrEnum):
    """How well something works."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the service as a check found it.

    Args:
        name: the name that it is registered under.
        status: how well it works.
        detail: why, for the operator; no secrets.
        since: when its status became what it is.
        critical: whether the service is of no use without it.
    """

    name: str
    status: HealthStatusEnum
    detail: str = ""
    since: datetime = field(default_factory=_now)
    critical: bool = True


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A component whose status became another one.

    Args:
        component: how it is now.
        before: what its status was; None if it was not known.
    """

    component: Component
    before: HealthStatusEnum | None = None


def healthy(name: str, detail: str = "") -> Component:
    """Says that a component works."""
    return Component(name, HealthStatusEnum.HEALTHY, detail)


def degraded(name: str, detail: str = "") -> Component:
    """Says that a component works, but not as it should."""
    return Component(name, HealthStatusEnum.DEGRADED, detail)


def unhealthy(name: str, detail: str = "") -> Component:
    """Says that a component doesn't work."""
    return Component(name, HealthStatusEnum.UNHEALTHY, detail)
