"""Metrics: the bookshop measures its messages where an SDK is set up, with no code of its own."""

import pytest
from opentelemetry.metrics import _internal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from fastapi_chassis.testing import TestApplication, eventually

from .shop import Shop

GROUP = {"messaging.consumer.group.name": "bookshop.notifications"}
CREATED = {"messaging.destination.name": "integration-events.item_created"}


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    """Measures for one test; a service calls `metrics.set_meter_provider`, which holds for the process."""
    reader = InMemoryMetricReader()
    monkeypatch.setattr(_internal, "_METER_PROVIDER", MeterProvider([reader], shutdown_on_exit=False))
    return reader


def points(reader: InMemoryMetricReader, name: str) -> list[tuple[dict[str, object], float]]:
    data = reader.get_metrics_data()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    return [
        (dict(point.attributes), getattr(point, "value", None) or getattr(point, "count", 0))
        for scope in scopes
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


def total(reader: InMemoryMetricReader, name: str, wanted: dict[str, str]) -> float:
    return sum(value for told, value in points(reader, name) if wanted.items() <= told.items())


@pytest.mark.requirement("MSG-13")
async def test_the_bookshop_measures_its_messages(
    reader: InMemoryMetricReader, app: TestApplication, shop: Shop
) -> None:
    ada = await shop.member()
    for title in ("Dune", "Emma", "Ubik"):
        await ada.offer(title)
    await app.settled()
    assert total(reader, "messaging.client.sent.messages", CREATED) == 3
    assert total(reader, "messaging.client.consumed.messages", GROUP | CREATED) == 3
    assert total(reader, "messaging.process.duration", GROUP | CREATED | {"chassis.outcome": "ack"}) == 3
    assert points(reader, "chassis.dead_letters") == []
    await eventually(lambda: points(reader, "chassis.outbox.backlog"))
