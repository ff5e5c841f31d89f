"""task(): turns a function into a definition of background work that knows of no queue."""

import functools
import inspect
from collections.abc import Callable
from typing import cast, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from fastapi_chassis.domain import Finding, ValidationException, WiringError
from fastapi_chassis.resilience import Retry
from fastapi_chassis.tasks.queue import TaskRequest


class Task[**P, R]:
    """Background work: still the function that it was, and able to make a request of itself.

    Args:
        function: does the work; its arguments travel as JSON and arrive as their annotations say.
        name: how workers know it.
        retry: how often to try, and the pauses.
        timeout: seconds that one attempt may take.
    """

    def __init__(self, function: Callable[P, R], *, name: str, retry: Retry, timeout: float) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name
        self.retry = retry
        self.timeout = timeout
        self._parameters = tuple(inspect.signature(function).parameters)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Does the work here and now."""
        return self.function(*args, **kwargs)

    def request(self, **arguments: object) -> TaskRequest:
        """Makes a request to do the work; parameters not given are left to whoever runs the task.

        Raises:
            WiringError: the task has no such parameter.
        """
        unknown = sorted(arguments.keys() - set(self._parameters))
        if unknown:
            raise WiringError(
                Finding(
                    f"the task {self.name} has no parameter {', '.join(unknown)}",
                    remedy=f"its parameters are: {', '.join(self._parameters)}.",
                )
            )
        return TaskRequest(name=self.name, payload=to_json(arguments))

    def arguments_of(self, request: TaskRequest) -> dict[str, object]:
        """Reads the arguments of a request as the annotations say.

        Raises:
            ValidationException: they don't fit.
        """
        try:
            sent = cast("dict[str, object]", from_json(request.payload))
            return {name: self._adapter(name).validate_python(value) for name, value in sent.items()}
        except (AttributeError, ValueError, KeyError) as fault:
            raise ValidationException(f"the arguments of {self.name} don't fit its parameters") from fault

    def _adapter(self, name: str) -> TypeAdapter[object]:
        if name not in self._parameters:
            raise KeyError(name)
        return TypeAdapter(self._hints.get(name, object))

    @functools.cached_property
    def _hints(self) -> dict[str, type[object]]:
        return get_type_hints(self.function, include_extras=True)


def task[**P, R](
    *, name: str | None = None, retry: Retry | None = None, timeout: float = 300.0
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Makes a function a task, as in `@task(retry=Retry(attempts=5), timeout=30)`; registers nothing.

    Args:
        name: how workers know it; module and function name by default.
        retry: how often to try, and the pauses.
        timeout: seconds that one attempt may take.
    """

    def make(function: Callable[P, R]) -> Task[P, R]:
        own_name = f"{function.__module__}.{function.__qualname__}"
        return Task(
            function, name=name or own_name, retry=retry or Retry(base=1.0, cap=600.0), timeout=timeout
        )

    return make
