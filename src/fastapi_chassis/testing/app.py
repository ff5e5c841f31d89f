"""TestApplication: a whole service in a test, with memory twins or real servers behind it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self

import httpx2

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.application import (
    Handler,
    Principal,
    RecordedEvent,
    Step,
    current_scope,
    invocation,
    name_of,
)
from fastapi_chassis.config import DependencyConfig, ScopeEnum
from fastapi_chassis.domain import Clock, FrozenClock, IntegrationEvent, Message
from fastapi_chassis.messaging import Routing
from fastapi_chassis.testing.arrivals import Arrivals

_LOOK = 0.01  # seconds between two looks at what a broker still has


class TestApplication:
    """A running service and what it did.

    Args:
        application: built, not started.
        clock: the frozen clock that it was built with, if any.
    """

    __test__ = False

    def __init__(self, application: ApplicationAbstract, clock: FrozenClock | None = None) -> None:
        self.application = application
        self.events: list[RecordedEvent] = []
        self._clock = clock
        self._client: httpx2.AsyncClient | None = None
        self._handled: Counter[str] = Counter()
        road = application.assembly.road
        road.listeners.append(self.events.extend)
        road.wrap_consumers(self._counted)
        road.transport = self._arrivals = Arrivals(road.transport)

    @property
    def client(self) -> httpx2.AsyncClient:
        """Speaks HTTP with the service, within the process."""
        if self._client is None:
            raise RuntimeError("this application is not running: enter running() first")
        return self._client

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Starts the service for the length of a block."""
        transport = httpx2.ASGITransport(self.application, raise_app_exceptions=False)
        await self.application.start()
        try:
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as self._client:
                yield self
        finally:
            self._client = None
            await self.application.stop()

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves something that lives as long as the application."""
        return await self.application.assembly.container.get(wanted)

    async def settled(self, *, within: float = 10.0) -> None:
        """Returns when every message that this application has sent has found its end in its consumers.

        Args:
            within: seconds; more is a failure of the test.
        """
        road = self.application.assembly.road
        try:
            async with asyncio.timeout(within):
                await road.settled()
                while not road.departures.is_local and self._is_awaited():
                    await asyncio.sleep(_LOOK)
                    await road.settled()
        except TimeoutError:
            raise AssertionError(f"messages are still under way after {within} s") from None

    async def advance(self, by: timedelta) -> None:
        """Moves the clock and lets every message find its end."""
        if self._clock is None:
            raise AssertionError("this application runs on the machine's clock: give it a FrozenClock")
        self._clock.advance(by)
        await self.settled()

    def published[E: IntegrationEvent](
        self, event: type[E], *, times: int | None = None, **fields: object
    ) -> list[E]:
        """Asserts that an event left with a commit, and returns each that did.

        Args:
            event: its type.
            times: how often; at least once where nothing is said.
            fields: what it says.
        """
        of_type = [one.event for one in self.events if isinstance(one.event, event)]
        found = [one for one in of_type if all(getattr(one, name) == value for name, value in fields.items())]
        asked = f"{event.__name__} with {fields}" if fields else event.__name__
        others = ", ".join(map(str, of_type)) or ", ".join(type(one.event).__name__ for one in self.events)
        if times is None:
            assert found, f"{asked} was not published; published: {others or 'nothing'}"
        else:
            assert len(found) == times, f"{asked} was published {len(found)} times, not {times}"
        return found

    def handled(self, consumer: Callable[..., object], *, times: int = 1) -> None:
        """Asserts how often the work of a consumer was done and committed."""
        name = name_of(consumer)
        known = [handler.name for handler in self.application.assembly.road.consumers]
        assert name in known, f"{name} is no consumer of this application; consumers: {', '.join(known)}"
        assert self._handled[name] == times, f"{name} ran {self._handled[name]} times, not {times}"

    def _is_awaited(self) -> bool:
        """Whether a broker still has something that this application has sent, and takes itself."""
        routing = Routing(self.application.assembly.road.config.destination_prefix)
        return any(
            self._arrivals.lacks(routing.destination_of(type(one.event)), [one.event.event_id])
            for one in self.events
        )

    def _counted(self, handler: Handler) -> Step:
        step = invocation(handler)

        async def counted(event: Message) -> object:
            result = await step(event)
            scope = current_scope()
            if scope is not None:
                unit_of_work = await scope.get(handler.unit_of_work)
                unit_of_work.after_commit(lambda: self._handled.update([handler.name]))
            return result

        return counted


@asynccontextmanager
async def open_application(
    application: ApplicationAbstract, *, clock: FrozenClock | None = None
) -> AsyncIterator[TestApplication]:
    """Runs an application for the length of a test.

    Args:
        application: built, as by `ApplicationGenericBuilder(Shop).with_dependencies(doubles).build()`.
        clock: the frozen clock that it was built with.
    """
    async with TestApplication(application, clock).running() as running:
        yield running


def frozen(clock: FrozenClock) -> DependencyConfig:
    """Binds a frozen clock in the place of the machine's."""

    def held() -> Clock:
        return clock

    return DependencyConfig("the test").bind(Clock, held, scope=ScopeEnum.APPLICATION)


def acting_as(principal: Principal) -> DependencyConfig:
    """Binds a caller, for tests below the HTTP edge."""

    def caller() -> Principal:
        return principal

    return DependencyConfig("the test").bind(Principal, caller)
