"""ServiceModule: everything that one feature is made of, in one list."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter

from fastapi_chassis.application import Behavior, ProcessManager
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import Message
from fastapi_chassis.messaging import Upcaster
from fastapi_chassis.status import Component

type Parts = Sequence[Callable[..., object]]
type HealthCheck = Callable[..., Awaitable[Component]]


@dataclass(frozen=True)
class ServiceModule:
    """One feature: what it is made of, and nothing that runs.

    Args:
        name: the feature, as configuration and reports know it.
        routers: its HTTP routes.
        handlers: functions that handle its commands, queries and domain events.
        consumers: functions that take integration events, after the commit, through the inbox.
        upcasters: what reads older versions of the events that it takes.
        process_managers: classes that derive from ProcessManager.
        repositories: its repository classes; which store fills them is configuration.
        tables: where an entity lies in a store that has a schema: `{Item: items_table}`.
        providers: what else its handlers ask for.
        permissions: the permissions that its messages require.
        behaviors: behaviours of single message types, before their transaction.
        health: checks by component name; they ask for what they need as handlers do. A component that is
            unhealthy makes the service degraded, not unready.
    """

    name: str
    routers: Sequence[APIRouter] = ()
    handlers: Parts = ()
    consumers: Parts = ()
    upcasters: Sequence[Upcaster] = ()
    process_managers: Sequence[type[ProcessManager]] = ()
    repositories: Sequence[type] = ()
    tables: Mapping[type, object] = field(default_factory=dict)
    providers: DependencyConfig | None = None
    permissions: frozenset[str] = frozenset()
    behaviors: Mapping[type[Message], Sequence[Behavior]] = field(default_factory=dict)
    health: Mapping[str, HealthCheck] = field(default_factory=dict)
