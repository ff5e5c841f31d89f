"""Components are summed up."""

import pytest

from fastapi_chassis.status import Component, HealthStatusEnum, critical_decides, worst_decides
from fastapi_chassis.status.strategies import failing

HEALTHY, DEGRADED, UNHEALTHY = HealthStatusEnum


def component(status: HealthStatusEnum, critical: bool) -> Component:
    return Component(f"{status}{critical}", status, critical=critical)


@pytest.mark.requirement("STA-1")
@pytest.mark.parametrize(
    ("parts", "critical", "worst"),
    [
        ([], HEALTHY, HEALTHY),
        ([(HEALTHY, True), (HEALTHY, False)], HEALTHY, HEALTHY),
        ([(HEALTHY, True), (DEGRADED, False)], DEGRADED, DEGRADED),
        ([(DEGRADED, True)], DEGRADED, DEGRADED),
        ([(HEALTHY, True), (UNHEALTHY, False)], DEGRADED, UNHEALTHY),
        ([(DEGRADED, False), (UNHEALTHY, True)], UNHEALTHY, UNHEALTHY),
    ],
)
def test_the_sum(parts: list[tuple[HealthStatusEnum, bool]], critical, worst) -> None:
    components = [component(*part) for part in parts]
    assert critical_decides(components) is critical
    assert worst_decides(components) is worst


def test_only_critical_components_that_are_down_fail() -> None:
    components = [component(UNHEALTHY, True), component(UNHEALTHY, False), component(DEGRADED, True)]
    assert failing(components) == ("unhealthyTrue",)
