"""OutboxMeter: shows what waits in an outbox, and counts the leases that its relay loses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from opentelemetry import metrics

from fastapi_chassis.messaging.outbox import Backlog
from fastapi_chassis.observability import OpenTelemetryMeter

STORE = "chassis.store"


class _Gauge(Protocol):
    """A synchronous gauge; the API has no public name for its type."""

    def set(self, amount: float, attributes: Mapping[str, str]) -> None:
        """Shows an amount."""
        ...


@dataclass(frozen=True, slots=True)
class _Instruments:
    """What a meter has for an outbox."""

    count: _Gauge
    oldest: _Gauge
    blocked: _Gauge
    lost: metrics.Counter


def _made(meter: metrics.Meter) -> _Instruments:
    # no observable gauges: callbacks can't be taken back, and a second one of the same name is not called
    return _Instruments(
        count=meter.create_gauge("chassis.outbox.backlog", "{message}", "Messages that wait."),
        oldest=meter.create_gauge("chassis.outbox.oldest.age", "s", "How long the oldest has waited."),
        blocked=meter.create_gauge("chassis.outbox.blocked", "{key}", "Keys that a refused message holds."),
        lost=meter.create_counter("chassis.relay.leases.lost", "{partition}", "Leases that ended unnoticed."),
    )


class OutboxMeter:
    """Measures one outbox; without an SDK of OpenTelemetry it does nothing.

    Args:
        store: the name of the store that has it.
        provider: whose meter is used; the process-wide one by default.
    """

    def __init__(self, store: str = "", provider: metrics.MeterProvider | None = None) -> None:
        self._told = {STORE: store}
        self._meter = OpenTelemetryMeter(_made, provider)

    @property
    def is_on(self) -> bool:
        """Whether anything is measured."""
        return self._meter.instruments is not None

    def show(self, backlog: Backlog) -> None:
        """Shows what waits."""
        if (made := self._meter.instruments) is not None:
            made.count.set(backlog.count, self._told)
            made.oldest.set(backlog.oldest.total_seconds(), self._told)
            made.blocked.set(backlog.blocked, self._told)

    def lost(self, partitions: int) -> None:
        """Notes partitions that went to another relay while this one believed to have them."""
        if (made := self._meter.instruments) is not None:
            made.lost.add(partitions, self._told)
