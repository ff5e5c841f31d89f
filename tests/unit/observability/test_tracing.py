"""Spans cover the work, and keep no text of an error."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import override

import pytest
from opentelemetry import trace

from fastapi_chassis.application import Tracer
from fastapi_chassis.domain import NotFoundException
from fastapi_chassis.observability import OpenTelemetryTracer, trace_headers


class Recorded(trace.NonRecordingSpan):
    """A span that keeps what it is told."""

    def __init__(self, name: str, attributes: dict[str, object]) -> None:
        super().__init__(trace.SpanContext(1, 1, is_remote=False))
        self.name, self.attributes = name, dict(attributes)
        self.status: object = None
        self.began, self.ended = perf_counter(), 0.0

    @override
    def set_attribute(self, key: str, value: object) -> None:
        self.attributes[key] = value

    @override
    def set_status(self, status: object, description: str | None = None) -> None:
        assert description is None
        self.status = status

    @override
    def record_exception(self, *arguments: object, **options: object) -> None:
        raise AssertionError("an exception may hold secrets")


class Recorder(trace.TracerProvider, trace.Tracer):
    """Stands for an SDK, which isn't part of the base installation."""

    def __init__(self) -> None:
        self.spans: list[Recorded] = []
        self.tracers = 0

    @override
    def get_tracer(self, *_: object, **__: object) -> trace.Tracer:
        self.tracers += 1
        return self

    @override
    def start_span(self, name: str, *_: object, **__: object) -> Recorded:
        raise NotImplementedError

    @override
    @contextmanager
    def start_as_current_span(self, name: str, **options: object) -> Iterator[Recorded]:
        assert options["record_exception"] is False
        span = Recorded(name, options["attributes"])
        self.spans.append(span)
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            yield span
        span.ended = perf_counter()


def test_it_is_a_tracer() -> None:
    tracer: Tracer = OpenTelemetryTracer()
    with tracer.span("nothing is set up", {}):
        assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_span_has_name_and_attributes() -> None:
    recorder = Recorder()
    tracer = OpenTelemetryTracer(recorder)
    with tracer.span("first", {"a": "1"}):
        assert trace.get_current_span() is recorder.spans[0]
    with tracer.span("second", {}):
        pass
    assert [(span.name, span.attributes, span.status) for span in recorder.spans] == [
        ("first", {"a": "1"}, None),
        ("second", {}, None),
    ]
    assert recorder.tracers == 1


@pytest.mark.requirement("MISTAKE-9")
async def test_a_span_on_an_async_function_covers_the_work() -> None:
    recorder = Recorder()

    @OpenTelemetryTracer(recorder).traced("work")
    async def work(number: int) -> int:
        await asyncio.sleep(0.01)
        assert trace.get_current_span() is recorder.spans[0]
        return number

    assert await work(7) == 7
    assert recorder.spans[0].ended - recorder.spans[0].began >= 0.01


def test_a_function_can_be_traced_as_well() -> None:
    recorder = Recorder()

    @OpenTelemetryTracer(recorder).traced("work")
    def work() -> str:
        return recorder.spans[0].name

    assert work() == "work"
    assert work.__name__ == "work"


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (ValueError("secret"), "ValueError", trace.StatusCode.ERROR),
        (NotFoundException("no item"), "NOT_FOUND", None),
    ],
)
def test_of_an_error_its_type_is_kept(fault: Exception, kind: str, status: object) -> None:
    recorder = Recorder()
    with pytest.raises(type(fault)), OpenTelemetryTracer(recorder).span("x", {}):
        raise fault
    assert recorder.spans[0].attributes == {"error.type": kind}
    assert recorder.spans[0].status is status


def test_another_service_can_go_on_with_the_trace() -> None:
    assert trace_headers() == {}
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(context)):
        assert trace_headers()["traceparent"].startswith(f"00-{0xABC:032x}-{0xDEF:016x}-")
