"""Bindings: what every application can ask for, and what its plugins provide."""

from collections.abc import Callable, Iterable, Mapping

from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.app.store import Store
from fastapi_chassis.application import (
    AbstractUnitOfWork,
    EventSink,
    IdempotencyStore,
    Mediator,
    Principal,
    current_context,
    idempotency_for,
)
from fastapi_chassis.config import Binding, DependencyConfig, LoadedConfig, RootConfig, ScopeEnum
from fastapi_chassis.domain import Clock, SystemClock, UnauthenticatedException
from fastapi_chassis.status import StatusService


def _caller() -> Principal:
    principal = current_context().principal
    if principal is None:
        raise UnauthenticatedException("this needs a caller who is known")
    return principal


def _idempotency(unit_of_work: AbstractUnitOfWork) -> IdempotencyStore:
    return idempotency_for(unit_of_work.session)


def common_bindings(loaded: LoadedConfig[RootConfig], status: StatusService) -> Iterable[Binding]:
    """Binds the clock, the caller, the configuration and the health of the parts."""
    dependencies = DependencyConfig("the chassis")
    dependencies.bind(Clock, SystemClock, scope=ScopeEnum.APPLICATION)
    dependencies.bind(Principal, _caller)
    dependencies.bind(IdempotencyStore, _idempotency)
    dependencies.bind_instance(StatusService, status)
    dependencies.bind_instance(RootConfig, loaded.config)
    dependencies.bind_instance(type(loaded.config), loaded.config)
    for section in loaded.sections.values():
        dependencies.bind_instance(type(section), section)
    return dependencies


def unit_of_work_binding(store: Store, sink: EventSink | None, mediator: Mediator) -> Iterable[Binding]:
    """Binds the transaction of one message."""

    def unit_of_work() -> AbstractUnitOfWork:
        return store.unit_of_work(sink=sink, dispatch=mediator.publish)

    return DependencyConfig("the store").bind(AbstractUnitOfWork, unit_of_work)


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
