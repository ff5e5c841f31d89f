"""Inject: what the container gives, as a parameter of a route."""

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from fastapi_chassis.api.request_scope import SCOPE_KEY, RequestScope
from fastapi_chassis.domain import Finding, WiringError


class Injected[T]:
    """A route's dependency on a type.

    Args:
        wanted: the type.
    """

    def __init__(self, wanted: type[T]) -> None:
        self.wanted = wanted

    async def __call__(self, request: Request) -> T:
        """Resolves it.

        Raises:
            WiringError: the request did not come through the edge.
        """
        held: RequestScope | None = request.scope.get(SCOPE_KEY)
        if held is None:
            name = getattr(self.wanted, "__name__", str(self.wanted))
            remedy = "derive the service from ApplicationAbstract, or call setup_api(app, config)."
            raise WiringError(Finding(f"Inject[{name}] is used outside of a chassis application", "", remedy))
        return await held.get(self.wanted)


def injected_type(call: object) -> object | None:
    """Returns the type that a route's dependency asks the container for, or None."""
    return call.wanted if isinstance(call, Injected) else None


if TYPE_CHECKING:
    type Inject[T] = Annotated[T, "from the container"]
else:

    class Inject:
        """A parameter that the container fills: `mediator: Inject[Mediator]`."""

        def __class_getitem__(cls, wanted: type) -> object:
            return Annotated[wanted, Depends(Injected(wanted))]
