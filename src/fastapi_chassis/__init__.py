"""The microservice chassis for FastAPI: the names that every service writes daily."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi_chassis.api import Inject, SuccessResponse
    from fastapi_chassis.app import (
        ApplicationAbstract,
        ApplicationGenericBuilder,
        PluginAbstract,
        ServiceModule,
    )
    from fastapi_chassis.application import (
        AUTHENTICATED,
        AbstractRepository,
        AbstractUnitOfWork,
        Command,
        Mediator,
        Principal,
        ProcessManager,
        Query,
        Schedule,
        Timeout,
    )
    from fastapi_chassis.config import DependencyConfig, PluginConfig, RootConfig
    from fastapi_chassis.domain import (
        AlreadyExistsException,
        AppException,
        BaseAggregate,
        BaseEntity,
        Clock,
        ConflictException,
        DomainEvent,
        ForbiddenException,
        IntegrationEvent,
        NotFoundException,
        Page,
        UnavailableException,
        ValidationException,
        ValueObject,
        contains,
        new_id,
    )

__version__ = "0.1.0"

__all__ = (
    "AUTHENTICATED",
    "AbstractRepository",
    "AbstractUnitOfWork",
    "AlreadyExistsException",
    "AppException",
    "ApplicationAbstract",
    "ApplicationGenericBuilder",
    "BaseAggregate",
    "BaseEntity",
    "Clock",
    "Command",
    "ConflictException",
    "DependencyConfig",
    "DomainEvent",
    "ForbiddenException",
    "Inject",
    "IntegrationEvent",
    "Mediator",
    "NotFoundException",
    "Page",
    "PluginAbstract",
    "PluginConfig",
    "Principal",
    "ProcessManager",
    "Query",
    "RootConfig",
    "Schedule",
    "ServiceModule",
    "SuccessResponse",
    "Timeout",
    "UnavailableException",
    "ValidationException",
    "ValueObject",
    "__version__",
    "contains",
    "new_id",
)


def __getattr__(name: str) -> object:
    # a name brings its own floor and those below: a test of the domain does not pay for FastAPI
    for room in ("domain", "application", "config", "api", "app") if name in __all__ else ():
        found = import_module(f"{__name__}.{room}")
        if name in found.__all__:
            return globals().setdefault(name, getattr(found, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
