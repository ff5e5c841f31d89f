"""Tracing: spans through the API of OpenTelemetry, and nothing at all where no SDK is set up."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

from opentelemetry import propagate, trace

from fastapi_chassis.domain import AppException

_NOTHING = nullcontext()


class OpenTelemetryTracer:
    """Opens spans of the tracer provider.

    Args:
        provider: whose tracer is used; the process-wide one by default, as soon as there is one.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: tuple[trace.TracerProvider, trace.Tracer] | None = None

    def span(self, name: str, attributes: dict[str, str]) -> AbstractContextManager[object]:
        """Returns a span that covers the block; of an error its type is kept, never its text."""
        provider = self._provider or trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):
            return _NOTHING
        if self._tracer is None or self._tracer[0] is not provider:
            self._tracer = provider, provider.get_tracer("fastapi_chassis")
        return _span(self._tracer[1], name, attributes)

    def traced[**P, R](self, name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorates a function, or a coroutine function, with a span that covers all of its work."""

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            if inspect.iscoroutinefunction(function):

                @functools.wraps(function)
                async def traced_coroutine(*args: P.args, **kwargs: P.kwargs) -> object:
                    with self.span(name, {}):
                        return await function(*args, **kwargs)

                return cast("Callable[P, R]", traced_coroutine)

            @functools.wraps(function)
            def traced_function(*args: P.args, **kwargs: P.kwargs) -> R:
                with self.span(name, {}):
                    return function(*args, **kwargs)

            return traced_function

        return decorate


def trace_headers() -> dict[str, str]:
    """Returns the headers by which another service goes on with the current trace; none without a trace."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


@contextmanager
def _span(tracer: trace.Tracer, name: str, attributes: dict[str, str]) -> Iterator[object]:
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except AppException as told:
            span.set_attribute("error.type", told.error_code)
            raise
        except Exception as fault:
            span.set_attribute("error.type", type(fault).__qualname__)
            span.set_status(trace.StatusCode.ERROR)
            raise
