"""Bindings: what every application can ask for, and what its plugins provide."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from fastapi_chassis.app.factories import asking_for
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.app.stores import StorePlace
from fastapi_chassis.application import (
    AbstractUnitOfWork,
    EventSink,
    Mediator,
    Principal,
    current_context,
)
from fastapi_chassis.caching import (
    Cache,
    InMemoryCache,
    InMemoryLock,
    Lock,
    ReadThroughCache,
    open_read_through,
)
from fastapi_chassis.config import Binding, DependencyConfig, LoadedConfig, RootConfig, ScopeEnum
from fastapi_chassis.domain import Clock, SystemClock, UnauthenticatedException
from fastapi_chassis.resilience import InMemoryRateLimiter, RateLimiter
from fastapi_chassis.status import StatusService


def _caller() -> Principal:
    principal = current_context().principal
    if principal is None:
        raise UnauthenticatedException("this needs a caller who is known")
    return principal


def _cache(clock: Clock) -> Cache:
    return InMemoryCache(clock=clock)


def _lock(clock: Clock) -> Lock:
    return InMemoryLock(clock=clock)


def _rate_limiter(clock: Clock) -> RateLimiter:
    return InMemoryRateLimiter(clock=clock)


def common_bindings(loaded: LoadedConfig[RootConfig], status: StatusService) -> Iterable[Binding]:
    """Binds the clock, the caller, the configuration, the health of the parts, and memory twins of ports."""
    dependencies = DependencyConfig("the chassis")
    dependencies.bind(Clock, SystemClock, scope=ScopeEnum.APPLICATION)
    dependencies.bind(Principal, _caller)
    # the memory twins, until a plugin provides what replicas share
    dependencies.bind(Cache, _cache, scope=ScopeEnum.APPLICATION)
    dependencies.bind(Lock, _lock, scope=ScopeEnum.APPLICATION)
    dependencies.bind(RateLimiter, _rate_limiter, scope=ScopeEnum.APPLICATION)
    dependencies.bind(ReadThroughCache, open_read_through, scope=ScopeEnum.APPLICATION)
    dependencies.bind_instance(StatusService, status)
    dependencies.bind_instance(RootConfig, loaded.config)
    dependencies.bind_instance(type(loaded.config), loaded.config)
    for section in loaded.sections.values():
        dependencies.bind_instance(type(section), section)
    return dependencies


def unit_of_work_binding(place: StorePlace, sink: EventSink | None, mediator: Mediator) -> Iterable[Binding]:
    """Binds the transactions of a store, one for each message."""

    def unit_of_work() -> AbstractUnitOfWork:
        return place.store.unit_of_work(sink=sink, dispatch=mediator.publish)

    return DependencyConfig(f"store {place.name}").bind(place.unit_of_work, unit_of_work)


def module_bindings(module: ServiceModule, place: StorePlace) -> Iterable[Binding]:
    """Binds what a module provides; who asks for the unit of work gets that of the module's store."""
    for binding in module.providers or ():
        factory = asking_for(binding.factory, place.unit_of_work, instead_of=AbstractUnitOfWork)
        yield replace(binding, factory=factory)


def plugin_bindings(plugin: AnyPlugin) -> Iterable[Binding]:
    """Binds what a plugin makes per message."""
    dependencies = DependencyConfig(f"plugin {plugin.instance}")
    plugin.register(dependencies)
    return dependencies


def provided_bindings(providers: Mapping[object, AnyPlugin], provided: Provided) -> Iterable[Binding]:
    """Binds what plugins will have provided once they have started.

    Args:
        providers: the plugin behind each type.
        provided: where they put it.
    """
    for interface, plugin in providers.items():
        dependencies = DependencyConfig(f"plugin {plugin.instance}")
        taken = _taken(provided, plugin.instance, interface)
        yield from dependencies.bind(interface, taken, scope=ScopeEnum.APPLICATION)


def _taken(provided: Provided, instance: str, interface: object) -> Callable[[], object]:
    def take() -> object:
        return provided.take(instance, interface)

    return take
