"""Strategies: what the components together say of the service."""

from collections.abc import Callable, Sequence

from fastapi_chassis.status.component import Component, HealthStatusEnum

type HealthStrategy = Callable[[Sequence[Component]], HealthStatusEnum]


def critical_decides(components: Sequence[Component]) -> HealthStatusEnum:
    """Only a critical component makes the service unhealthy; whatever else is wrong degrades it."""
    if any(each.critical and each.status is HealthStatusEnum.UNHEALTHY for each in components):
        return HealthStatusEnum.UNHEALTHY
    if any(each.status is not HealthStatusEnum.HEALTHY for each in components):
        return HealthStatusEnum.DEGRADED
    return HealthStatusEnum.HEALTHY


def worst_decides(components: Sequence[Component]) -> HealthStatusEnum:
    """The service is as well as its worst component, critical or not."""
    found = {each.status for each in components}
    for status in (HealthStatusEnum.UNHEALTHY, HealthStatusEnum.DEGRADED):
        if status in found:
            return status
    return HealthStatusEnum.HEALTHY


def failing(components: Sequence[Component]) -> tuple[str, ...]:
    """Returns the names of the critical components without which the service isn't ready."""
    return tuple(
        each.name for each in components if each.critical and each.status is HealthStatusEnum.UNHEALTHY
    )
