"""What a test reads of metrics: the SDK of OpenTelemetry, with a reader in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from opentelemetry.metrics import _internal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric, NumberDataPoint


class Measures:
    """A provider of its own, and what it was told."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)

    @property
    def metrics(self) -> dict[str, Metric]:
        """What was measured at all, by name."""
        data = self._reader.get_metrics_data()
        resources = data.resource_metrics if data else ()
        return {
            metric.name: metric
            for resource in resources
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def points(self, name: str) -> list[tuple[dict[str, object], float]]:
        """The attributes and values of one metric: how many, where it is a histogram."""
        metric = self.metrics.get(name)
        return (
            [(dict(point.attributes), _value(point)) for point in metric.data.data_points] if metric else []
        )

    def total(self, name: str, wanted: Mapping[str, object] | None = None) -> float:
        """Sums the points of one metric that have the wanted attributes; None means that there is no such."""
        asked = (wanted or {}).items()
        return sum(
            value
            for attributes, value in self.points(name)
            if all(attributes.get(key) == one for key, one in asked)
        )


@contextmanager
def measured() -> Iterator[Measures]:
    """Has the whole process measured for the length of a block: the API itself sets a provider only once."""
    measures = Measures()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_internal, "_METER_PROVIDER", measures.provider)
        yield measures
    measures.provider.shutdown()


def _value(point: NumberDataPoint | HistogramDataPoint) -> float:
    return point.count if isinstance(point, HistogramDataPoint) else point.value
