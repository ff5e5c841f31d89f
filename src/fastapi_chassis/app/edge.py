"""The HTTP edge of an application: its FastAPI instance, and what its routes ask for and allow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from fastapi_chassis.api import injected_type, route_policy, setup_api
from fastapi_chassis.app.container import Container, Need
from fastapi_chassis.app.docs_pages import add_docs_pages
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.application import Resolver, name_of
from fastapi_chassis.config import EnvironmentEnum, RootConfig
from fastapi_chassis.domain import Finding
from fastapi_chassis.status import StatusService, health_router


class EdgeState:
    """What routes and middleware find at `app.state.chassis`.

    Args:
        container: gives routes their dependencies.
    """

    def __init__(self, container: Container) -> None:
        self.draining = False
        self._container = container

    def is_application_scoped(self, wanted: object) -> bool:
        """Whether the one instance lives as long as the application."""
        return self._container.is_application_scoped(wanted)

    def provides(self, wanted: object) -> bool:
        """Whether something is bound to a type."""
        return self._container.provides(wanted)

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves something that lives as long as the application."""
        return await self._container.get(wanted)

    def open_scope(self) -> AbstractAsyncContextManager[Resolver]:
        """Returns the scope of one message, not yet open."""
        return self._container.open_scope()


def build_fastapi(
    config: RootConfig,
    modules: Iterable[ServiceModule],
    plugins: Iterable[AnyPlugin],
    status: StatusService,
    container: Container,
    configure: Callable[[FastAPI, RootConfig], None],
) -> FastAPI:
    """Makes the FastAPI instance with every route of the application.

    Args:
        config: title, prefix, limits.
        modules: whose routers are served.
        plugins: which may add routes of their own.
        status: answers the health routes.
        container: gives routes their dependencies.
        configure: adds the application's own routes.
    """
    prefix = config.api.prefix
    app = FastAPI(
        title=config.service.title or config.service.name,
        version=config.service.version,
        description=config.service.description,
        openapi_url=f"{prefix}/openapi.json" if config.serves_docs else None,
        docs_url=None,
        redoc_url=None,
        telemetry={"operation_spans": False},
    )
    app.state.chassis = EdgeState(container)
    setup_api(app, config)
    show_details = config.environment in {EnvironmentEnum.DEVELOPMENT, EnvironmentEnum.TEST}
    app.include_router(health_router(status, prefix=prefix, show_details=show_details))
    for module in modules:
        for router in module.routers:
            app.include_router(router)
    for plugin in plugins:
        plugin.routes(app)
    configure(app, config)
    if config.serves_docs:
        add_docs_pages(app, prefix)
    return app


def route_needs(app: FastAPI) -> Iterator[Need]:
    """Yields what routes ask for through `Inject`."""
    for route in _routes(app):
        for dependant in _dependants(route.dependant):
            wanted = injected_type(dependant.call)
            if wanted is not None:
                yield Need(wanted, name_of(route.endpoint))


def route_findings(app: FastAPI) -> list[Finding]:
    """Finds every route that says nothing about who may call it."""
    return [
        Finding(
            f"{_verbs(route)} {route.path} says nothing about who may call it",
            where=name_of(route.endpoint),
            remedy="take a message with a policy as its body, or add dependencies=[Public] or requires(...).",
        )
        for route in _routes(app)
        if route_policy(route) is None
    ]


def _verbs(route: RouteContext) -> str:
    return " ".join(sorted(getattr(route, "methods", None) or ["WebSocket"]))


def _routes(app: FastAPI) -> list[RouteContext]:
    found = iter_route_contexts(cast("Sequence[RouteContext]", app.routes))
    return [route for route in found if getattr(route, "dependant", None) is not None]


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for below in dependant.dependencies:
        yield from _dependants(below)
