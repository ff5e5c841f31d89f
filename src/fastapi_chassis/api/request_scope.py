"""RequestScope: the message scope of one request, opened only if a route asks for something in it."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

from fastapi_chassis.application import Resolver

SCOPE_KEY = "chassis.scope"


class ApplicationResolver(Protocol):
    """What the edge needs of the application, found at `app.state.chassis`."""

    draining: bool

    def provides(self, wanted: object) -> bool:
        """Whether something is bound to a type."""
        ...

    def is_application_scoped(self, wanted: object) -> bool:
        """Whether the one instance lives as long as the application."""
        ...

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves something that lives as long as the application."""
        ...

    def open_scope(self) -> AbstractAsyncContextManager[Resolver]:
        """Returns the scope of one message, not yet open."""
        ...


class RequestScope:
    """Opened once, on demand, and closed after the response.

    Args:
        application: what lives longer than the request.
    """

    __slots__ = ("_application", "_resolver", "_stack")

    def __init__(self, application: ApplicationResolver) -> None:
        self._application = application
        self._stack: AsyncExitStack | None = None
        self._resolver: Resolver | None = None

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves a type, in the scope of this request unless it lives as long as the application."""
        if self._application.is_application_scoped(wanted):
            return await self._application.get(wanted)
        if self._resolver is None:
            self._stack = AsyncExitStack()
            self._resolver = await self._stack.enter_async_context(self._application.open_scope())
        return await self._resolver.get(wanted)

    async def close(self) -> None:
        """Ends what was made in it."""
        stack, self._stack, self._resolver = self._stack, None, None
        if stack is not None:
            await stack.aclose()
