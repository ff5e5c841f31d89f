"""StatusService: knows how each component is, looks again and again, and tells of changes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from fastapi_chassis.domain import Clock, Finding, SystemClock, WiringError
from fastapi_chassis.status.checks import Check, found_by, shown_detail
from fastapi_chassis.status.component import Component, HealthStatusEnum, StatusChange
from fastapi_chassis.status.strategies import HealthStrategy, critical_decides, failing
from fastapi_chassis.status.subscribers import Subscriber, Subscribers


class PhaseEnum(StrEnum):
    """Where the service is in its life."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the service wants requests, and if not, why; true in a condition when it does."""

    is_ready: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.is_ready


@dataclass(slots=True)
class _Watched:
    component: Component
    check: Check | None
    interval: float
    timeout: float
    is_known: bool
    task: asyncio.Task[None] | None = None


class StatusService:
    """The health of the parts and of the whole.

    Args:
        interval: seconds between two checks of a component.
        timeout: seconds after which a check that doesn't answer counts as unhealthy.
        strategy: sums the components up.
        clock: tells since when.
    """

    def __init__(
        self,
        *,
        interval: float = 10.0,
        timeout: float = 3.0,
        strategy: HealthStrategy = critical_decides,
        clock: Clock | None = None,
    ) -> None:
        self._interval = interval
        self._timeout = timeout
        self._strategy = strategy
        self._clock = clock or SystemClock()
        self._phase = PhaseEnum.STARTING
        self._watched: dict[str, _Watched] = {}
        self._subscribers = Subscribers()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_running = False

    def register(
        self,
        name: str,
        check: Check | None = None,
        *,
        critical: bool = True,
        interval: float | None = None,
        timeout: float | None = None,
    ) -> None:
        """Watches a component.

        Args:
            name: unique among the components.
            check: asked periodically; without one the component is healthy until `report` says otherwise.
            critical: whether the service isn't ready while this component is unhealthy.
            interval: seconds between two checks, if not the service's.
            timeout: seconds that a check may take, if not the service's.

        Raises:
            WiringError: the name is taken.
        """
        if name in self._watched:
            raise WiringError(
                Finding(f"two components are called {name}", remedy="register each under a name of its own.")
            )
        is_known = check is None
        status = HealthStatusEnum.HEALTHY if is_known else HealthStatusEnum.UNHEALTHY
        detail = "" if is_known else "not checked yet"
        component = Component(name, status, detail, self._clock.now(), critical)
        watched = _Watched(component, check, interval or self._interval, timeout or self._timeout, is_known)
        self._watched[name] = watched
        if self._is_running:
            self._watch(watched)

    def unregister(self, name: str) -> None:
        """Watches a component no more; one that isn't registered is no fault."""
        watched = self._watched.pop(name, None)
        if watched is not None and watched.task is not None:
            watched.task.cancel()

    def report(self, name: str, status: HealthStatusEnum, detail: str = "") -> None:
        """Says how a component is, between its checks or instead of them.

        Raises:
            LookupError: no component has this name.
        """
        if name not in self._watched:
            raise LookupError(f"no component is called {name}")
        self._settle(self._watched[name], Component(name, status, detail))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls a function with each change of a component's status; returns what ends that."""
        return self._subscribers.add(subscriber)

    def changes(self) -> AsyncIterator[StatusChange]:
        """Yields each change of a component's status, from the first `anext` on."""
        return self._subscribers.stream()

    @property
    def phase(self) -> PhaseEnum:
        """Where the service is in its life."""
        return self._phase

    @property
    def components(self) -> tuple[Component, ...]:
        """The components as they were found last, by name."""
        return tuple(self._watched[name].component for name in sorted(self._watched))

    def health(self) -> HealthStatusEnum:
        """Sums the components up; without any, all is well."""
        return self._strategy(self.components)

    def readiness(self) -> Readiness:
        """Tells whether the service wants requests: started, not stopping, and nothing critical is down."""
        if self._phase is not PhaseEnum.READY:
            return Readiness(is_ready=False, reason=self._phase.value)
        down = failing(self.components)
        if down:
            return Readiness(is_ready=False, reason=f"unhealthy: {', '.join(down)}")
        return Readiness(is_ready=True)

    def starting(self) -> None:
        """Says that the service is being started: not ready."""
        self._phase = PhaseEnum.STARTING

    def ready(self) -> None:
        """Says that everything has started."""
        self._phase = PhaseEnum.READY

    def stopping(self) -> None:
        """Says that the end has begun: not ready any more."""
        self._phase = PhaseEnum.STOPPING

    async def check(self) -> None:
        """Checks every component now, all at once."""
        await asyncio.gather(*(self._check(watched) for watched in tuple(self._watched.values())))

    async def start(self) -> None:
        """Checks every component once, then keeps checking in the background until `stop`."""
        if self._is_running:
            return
        self._is_running = True
        await self.check()
        for watched in self._watched.values():
            if watched.task is None:
                self._watch(watched, at_once=False)

    async def stop(self) -> None:
        """Ends the checks and waits for those that are under way to be gone."""
        self._is_running = False
        for watched in self._watched.values():
            watched.task = None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keeps checking for as long as the block runs."""
        try:
            await self.start()
            yield
        finally:
            await self.stop()

    def _watch(self, watched: _Watched, *, at_once: bool = True) -> None:
        if watched.check is None:
            return
        task = asyncio.create_task(
            self._check_forever(watched, at_once=at_once), name=f"health of {watched.component.name}"
        )
        watched.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check_forever(self, watched: _Watched, *, at_once: bool) -> None:
        if at_once:
            await self._check(watched)
        while True:
            await asyncio.sleep(watched.interval)
            await self._check(watched)

    async def _check(self, watched: _Watched) -> None:
        if watched.check is None:
            return
        found = await found_by(watched.check, watched.component.name, watched.timeout)
        self._settle(watched, found)

    def _settle(self, watched: _Watched, found: Component) -> None:
        last = watched.component
        if self._watched.get(last.name) is not watched:
            return
        before = last.status if watched.is_known else None
        watched.is_known = True
        watched.component = replace(
            last,
            status=found.status,
            detail=shown_detail(found.detail),
            since=last.since if last.status is found.status else self._clock.now(),
        )
        if before is not found.status:
            self._subscribers.tell(StatusChange(watched.component, before))
