"""Metrics: instruments through the API of OpenTelemetry, and nothing at all where no SDK is set up."""

from collections.abc import Callable

from opentelemetry import metrics

from fastapi_chassis.domain import AppException

_API = "opentelemetry.metrics"


class OpenTelemetryMeter[Instruments]:
    """Makes instruments of the meter provider, as soon as there is one that measures.

    Args:
        make: makes them of a meter; of one meter, the same names give the same instruments.
        provider: whose meter is used; the process-wide one by default.
    """

    def __init__(
        self,
        make: Callable[[metrics.Meter], Instruments],
        provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._make = make
        self._provider = provider
        self._made: tuple[metrics.MeterProvider, Instruments] | None = None

    @property
    def instruments(self) -> Instruments | None:
        """What measures; None where nothing does."""
        provider = self._provider or metrics.get_meter_provider()
        if self._made is not None and self._made[0] is provider:
            return self._made[1]
        if type(provider).__module__.startswith(_API):  # does nothing, or waits for one that does
            return None
        self._made = provider, self._make(provider.get_meter("fastapi_chassis"))
        return self._made[1]


def error_type_of(fault: BaseException) -> str:
    """Names a failure as the attribute `error.type` does: by its code or its type, never by its text."""
    return fault.error_code if isinstance(fault, AppException) else type(fault).__qualname__
