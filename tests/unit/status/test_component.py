"""Components say how they are."""

from datetime import UTC, datetime

import pytest

from fastapi_chassis.status import Component, HealthStatusEnum, degraded, healthy, unhealthy


@pytest.mark.requirement("STA-1")
@pytest.mark.parametrize(
    ("make", "status"),
    [
        (healthy, HealthStatusEnum.HEALTHY),
        (degraded, HealthStatusEnum.DEGRADED),
        (unhealthy, HealthStatusEnum.UNHEALTHY),
    ],
)
def test_a_constructor_for_each_status(make, status: HealthStatusEnum) -> None:
    made = make("database", "7 ms")
    assert (made.name, made.status, made.detail, made.critical) == ("database", status, "7 ms", True)


def test_a_component_is_since_now_unless_told() -> None:
    before = datetime.now(UTC)
    assert before <= healthy("a").since <= datetime.now(UTC)
    assert Component("a", HealthStatusEnum.HEALTHY, since=before).since == before
