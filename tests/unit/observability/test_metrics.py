"""Instruments are there as soon as something measures, and cost nothing before."""

import pytest
from opentelemetry import metrics
from opentelemetry.metrics import _internal

from fastapi_chassis.domain import NotFoundException
from fastapi_chassis.observability import OpenTelemetryMeter, error_type_of
from tests.measures import Measures, measured


def counter_of(meter: metrics.Meter) -> metrics.Counter:
    return meter.create_counter("rings")


def test_without_an_sdk_no_instrument_is_made() -> None:
    def fail(meter: metrics.Meter) -> None:
        raise AssertionError(meter)

    assert OpenTelemetryMeter(fail, metrics.NoOpMeterProvider()).instruments is None
    assert OpenTelemetryMeter(fail, _internal._ProxyMeterProvider()).instruments is None


def test_what_is_set_up_later_is_found_and_asked_once() -> None:
    meter = OpenTelemetryMeter(counter_of)
    assert meter.instruments is None
    with measured() as measures:
        counter = meter.instruments
        assert counter is meter.instruments
        counter.add(2)
        OpenTelemetryMeter(counter_of).instruments.add(3)
        assert measures.points("rings") == [({}, 5)]
    assert meter.instruments is None


def test_a_provider_of_ones_own_is_preferred() -> None:
    own = Measures()
    with measured() as measures:
        OpenTelemetryMeter(counter_of, own.provider).instruments.add(1)
        assert (own.total("rings"), measures.total("rings")) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "name"),
    [(NotFoundException("item 7"), "NOT_FOUND"), (KeyError("secret"), "KeyError")],
)
def test_a_failure_is_named_without_its_text(fault: Exception, name: str) -> None:
    assert error_type_of(fault) == name
