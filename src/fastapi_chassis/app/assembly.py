"""Assembly: all parts of an application, put together and checked before anything starts."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from fastapi import FastAPI

from fastapi_chassis.app.asyncapi import add_asyncapi_route
from fastapi_chassis.app.bindings import (
    common_bindings,
    module_bindings,
    plugin_bindings,
    provided_bindings,
    unit_of_work_binding,
)
from fastapi_chassis.app.blueprint import SECTIONS, Blueprint, Made, configuration_of
from fastapi_chassis.app.catalogue import PluginCatalogue, PluginType
from fastapi_chassis.app.container import Container, Need
from fastapi_chassis.app.dead_letter_routes import dead_letter_router
from fastapi_chassis.app.edge import build_fastapi, route_findings, route_needs
from fastapi_chassis.app.features import enabled_modules, health_check, health_needs, own_behaviors
from fastapi_chassis.app.lifecycle import Lifecycle
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin import PluginAbstract
from fastapi_chassis.app.plugin_order import AnyPlugin, order_findings
from fastapi_chassis.app.processes import with_processes
from fastapi_chassis.app.provided import Provided, providers_of
from fastapi_chassis.app.repositories import Ownership, bind_repositories
from fastapi_chassis.app.road import Road
from fastapi_chassis.app.scheduling import Scheduling
from fastapi_chassis.app.stores import Stores, choose_stores
from fastapi_chassis.app.validation import JsonAnswers, Validators
from fastapi_chassis.application import (
    AuthoriseBehavior,
    BehaviorFactory,
    HandlerRegistry,
    IdempotencyBehavior,
    LogBehavior,
    Mediator,
    TraceBehavior,
    TransactionBehavior,
    ValidateBehavior,
    build_mediator,
)
from fastapi_chassis.config import ConfigurationError, DependencyConfig, LoadedConfig, RootConfig
from fastapi_chassis.domain import ChassisError, Finding, WiringError
from fastapi_chassis.messaging import MessagingConfig
from fastapi_chassis.observability import OpenTelemetryTracer
from fastapi_chassis.security import SecurityConfig
from fastapi_chassis.status import StatusService

type Configure = Callable[[FastAPI, RootConfig], None]


@dataclass(frozen=True, slots=True)
class Assembly:
    """All parts of an application.

    Args:
        loaded: the configuration and where each value came from.
        modules: the features that run in this process.
        plugins: the enabled plugins.
        container: gives every door its dependencies.
        mediator: the hall behind the doors.
        stores: where repositories, outbox and inbox of each module lie.
        fastapi: the HTTP edge.
        status: the health of the parts.
        lifecycle: starts and stops plugins.
        road: carries integration events.
        scheduling: what the service sends itself, at once or later.
    """

    loaded: LoadedConfig[RootConfig]
    modules: tuple[ServiceModule, ...]
    plugins: tuple[AnyPlugin, ...]
    container: Container
    mediator: Mediator
    stores: Stores
    fastapi: FastAPI
    status: StatusService
    lifecycle: Lifecycle
    road: Road
    scheduling: Scheduling

    @property
    def config(self) -> RootConfig:
        """The whole configuration."""
        return self.loaded.config


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is known before anything is wired; without a configuration, what stands in for it."""

    loaded: LoadedConfig[RootConfig]
    modules: tuple[ServiceModule, ...]
    plugins: tuple[AnyPlugin, ...]
    overrides: Sequence[DependencyConfig]
    configure: Configure
    absent: Collection[PluginType] | None
    everywhere: tuple[ServiceModule, ...]  # the modules of all processes

    def may_be_provided(self, wanted: object) -> bool:
        """Whether a plugin that could not be made might have provided a type."""
        return self.absent is None or any(
            wanted in plugin.provides or plugin.register is not PluginAbstract.register
            for plugin in self.absent
        )


def assemble(made: Made, blueprint: Blueprint, configure: Configure) -> Assembly:
    """Puts an application together.

    Args:
        made: what its class says.
        blueprint: what a builder collected.
        configure: adds the application's own routes.

    Raises:
        WiringError: with every finding, those of the configuration included.
    """
    catalogue = PluginCatalogue([*made.plugins, *blueprint.plugins])
    findings = list(catalogue.findings)
    modules, misread = with_processes((*made.modules, *blueprint.modules))
    findings += misread
    absent: Collection[PluginType] | None = ()
    try:
        loaded = configuration_of(made, blueprint, catalogue)
    except ChassisError as fault:
        # the wiring is still looked at, so that one report tells all that can be told
        findings += fault.findings
        kinds = fault.kinds if isinstance(fault, ConfigurationError) else None
        absent = None if kinds is None else _types(catalogue, kinds.values())
        parts = _Parts(_stand_in(), modules, (), blueprint.overrides, _leave, absent, modules)
    else:
        broken: list[Finding] = []
        plugins = catalogue.enabled(loaded.config.plugins, loaded.kinds, broken)
        running, unknown = enabled_modules(loaded.config, modules)
        findings += [*broken, *(broken or order_findings(plugins)), *unknown]
        absent = None if broken else ()
        parts = _Parts(loaded, running, tuple(plugins), blueprint.overrides, configure, absent, modules)
    assembly = _wired(parts, findings)
    if findings:
        raise WiringError(*dict.fromkeys(findings))
    return assembly


def _types(catalogue: PluginCatalogue, kinds: Iterable[str]) -> list[PluginType]:
    types = []
    for kind in dict.fromkeys(kinds):
        try:
            types.append(catalogue.type_of(kind))
        except ChassisError:
            return []  # reported with its section
    return types


def _stand_in() -> LoadedConfig[RootConfig]:
    return LoadedConfig(RootConfig(), {}, {name: section() for name, section in SECTIONS.items()})


def _leave(app: FastAPI, config: RootConfig) -> None:
    """Stands in for `configure`, which may rest on a configuration that could not be loaded."""
    del app, config


def _wired(parts: _Parts, findings: list[Finding]) -> Assembly:
    """Wires what can be wired; an application with findings is thrown away."""
    loaded, modules, plugins = parts.loaded, parts.modules, parts.plugins
    status, provided = StatusService(), Provided()
    stores, unknown = choose_stores(plugins, loaded.config, modules)
    findings += unknown
    container = Container(common_bindings(loaded, status))
    registry = HandlerRegistry()
    for module in modules:
        for handler in module.handlers:
            registry.add(handler, stores.of(module).unit_of_work)
    mediator = _mediator(registry, modules, container, findings)
    container.bind_instance(Mediator, mediator)
    _bind_plugins(container, plugins, provided, findings)
    messaging = cast("MessagingConfig", loaded.section("messaging"))
    service, limit = loaded.config.service.name, loaded.config.server.graceful_timeout
    scheduling = Scheduling(
        service, messaging, parts.everywhere, modules, stores=stores, container=container, mediator=mediator
    )
    road = Road(service, messaging, modules, stores, container, stop_timeout=limit, scheduling=scheduling)
    container.bind_all(scheduling.binding(road, road.wake))
    for place in stores.used:
        container.bind_all(unit_of_work_binding(place, road.sink_of(place), mediator))
    for module in modules:
        container.bind_all(module_bindings(module, stores.of(module)))
    for override in parts.overrides:
        container.bind_all(override)
    fastapi = build_fastapi(loaded.config, modules, plugins, status, container, parts.configure)
    if loaded.config.serves_docs:
        add_asyncapi_route(fastapi, loaded.config, modules, plugins, road)
    security = cast("SecurityConfig", loaded.section("security"))
    secret = security.secret_key.get_secret_value().encode()
    findings += _add_dead_letter_routes(fastapi, road, loaded.config, secret)
    needs, unread = health_needs(modules)
    handlers = [*registry.requests, *registry.events, *road.consumers]
    needs += [Need(one, handler.name) for handler in handlers for one in handler.dependencies.values()]
    needs += route_needs(fastapi)
    ownership = Ownership(stores.default)
    findings += ownership.read(modules, handlers, stores)
    findings += bind_repositories(container, modules, needs, ownership, secret)
    findings += road.claim_checks.settle(parts.may_be_provided)
    findings += [*road.findings, *scheduling.findings, *unread, *route_findings(fastapi)]
    findings += container.check(needs, may_be_provided=parts.may_be_provided)
    if not findings:
        _register_health(modules, container, status, findings)
    lifecycle = Lifecycle(plugins, loaded.config, provided, status)
    return Assembly(
        *(loaded, modules, plugins, container, mediator, stores, fastapi, status, lifecycle, road),
        scheduling=scheduling,
    )


def _add_dead_letter_routes(fastapi: FastAPI, road: Road, config: RootConfig, secret: bytes) -> list[Finding]:
    if not road.config.dead_letters.api:
        return []
    if road.config.dead_letters.store == "broker":
        where, remedy = "messaging.dead_letters", "set store: module, or api: false."
        return [Finding("routes are asked for, and the broker keeps the dead letters", where, remedy)]
    desk = cache(road.desk)
    fastapi.include_router(dead_letter_router(desk, prefix=config.api.prefix, secret=secret))
    return []


def _mediator(
    registry: HandlerRegistry,
    modules: Sequence[ServiceModule],
    container: Container,
    findings: list[Finding],
) -> Mediator:
    own, unhandled = own_behaviors(modules, registry.requests)
    validators = Validators()
    findings += [*registry.findings, *unhandled]
    if registry.findings:
        mediator = Mediator()
        for handler in registry.requests:
            validators(handler.message)
    else:
        mediator = build_mediator(
            registry, scopes=container.open_scope, behaviors=_behaviors(validators), own_behaviors=own
        )
    findings += validators.findings
    return mediator


def _behaviors(validators: Validators) -> tuple[BehaviorFactory, ...]:
    return (
        TraceBehavior(OpenTelemetryTracer()),
        LogBehavior(),
        AuthoriseBehavior(),
        ValidateBehavior(validators),
        IdempotencyBehavior(JsonAnswers()),
        TransactionBehavior(),
    )


def _bind_plugins(
    container: Container, plugins: Sequence[AnyPlugin], provided: Provided, findings: list[Finding]
) -> None:
    providers, contested = providers_of(plugins)
    findings += contested
    container.bind_all(provided_bindings(providers, provided))
    for plugin in plugins:
        try:
            container.bind_all(plugin_bindings(plugin))
        except ChassisError as fault:
            findings += fault.findings


def _register_health(
    modules: Iterable[ServiceModule], container: Container, status: StatusService, findings: list[Finding]
) -> None:
    for name, check in (entry for module in modules for entry in module.health.items()):
        try:
            status.register(name, health_check(check, container), critical=False)
        except ChassisError as fault:
            findings += fault.findings
