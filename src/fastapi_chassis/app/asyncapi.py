"""asyncapi_of(): the AsyncAPI document of an application, and the events that it knows."""

import re
from collections.abc import Iterable, Iterator, Sequence

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.road import Road
from fastapi_chassis.config import RootConfig
from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import (
    Carrier,
    DescribedConsumer,
    DescribedEvent,
    Transport,
    Upcasters,
    asyncapi_document,
    said_of,
)
from fastapi_chassis.security import Public

_PROTOCOLS = {
    "kafka": ("kafka", "ce_"),
    "aiopika": ("amqp", "cloudEvents_"),
    "nats": ("nats", "ce-"),
    "redis": ("redis", "ce-"),
}


def known_events(modules: Iterable[ServiceModule], road: Road) -> list[type[IntegrationEvent]]:
    """Returns the integration events that the packages of the modules define, and those that are taken.

    They are told apart by name and version, and come in this order.
    """
    homes = _packages(modules)
    own = (one for one in _descendants(IntegrationEvent) if _package(one) in homes)
    taken = (one.message for one in road.consumers if issubclass(one.message, IntegrationEvent))
    known = {(one.message_name, one.event_version): one for one in (*own, *taken)}
    return [known[key] for key in sorted(known)]


def transport_name(plugins: Iterable[AnyPlugin]) -> str:
    """Names who carries messages; without a plugin that does, they stay in memory."""
    carriers = (plugin.instance for plugin in plugins if Transport in plugin.provides)
    return next(carriers, "memory")


def asyncapi_of(
    config: RootConfig, modules: Sequence[ServiceModule], plugins: Sequence[AnyPlugin], road: Road
) -> dict[str, object]:
    """Writes the document of an application that is built; nothing has to run, and no secret is in it.

    Args:
        config: title, version, description.
        modules: the features of this process.
        plugins: one of them may carry messages.
        road: destinations and consumers.
    """
    service, homes, older = config.service, _packages(modules), Upcasters(road.upcasters)
    described = [
        DescribedEvent(
            event,
            road.routing.destination_of(event),
            is_sent=_package(event) in homes,
            receivers=tuple(_receivers(event, road)),
            reads=older.versions(event),
        )
        for event in known_events(modules, road)
    ]
    info = {
        "title": service.title or service.name,
        "version": service.version,
        "description": service.description,
    }
    return asyncapi_document(info, described, codec=road.config.codec, carrier=_carrier(plugins))


def add_asyncapi_route(
    app: FastAPI,
    config: RootConfig,
    modules: Sequence[ServiceModule],
    plugins: Sequence[AnyPlugin],
    road: Road,
) -> None:
    """Adds `{prefix}/asyncapi.json`, which stands in no OpenAPI document."""

    async def asyncapi_page() -> JSONResponse:
        return JSONResponse(asyncapi_of(config, modules, plugins, road))

    app.add_api_route(
        f"{config.api.prefix}/asyncapi.json", asyncapi_page, include_in_schema=False, dependencies=[Public]
    )


def _receivers(event: type[IntegrationEvent], road: Road) -> Iterator[DescribedConsumer]:
    for group, handlers in road.groups.items():
        for handler in handlers:
            if handler.message is event:
                said = said_of(handler.function).partition("\n")[0]
                yield DescribedConsumer(group, f"{group}.{handler.name.rpartition('.')[2]}", said)


def _carrier(plugins: Iterable[AnyPlugin]) -> Carrier | None:
    found = next((plugin for plugin in plugins if Transport in plugin.provides), None)
    if found is None:
        return None
    protocol, prefix = _PROTOCOLS.get(found.name, (found.name, "ce_"))
    place = str(getattr(found.config, "place", ""))
    exchange = str(getattr(found.config, "exchange", ""))
    hosts = tuple(re.findall(r"[^\s,/]+:\d+", place))
    return Carrier(found.instance, protocol, hosts or ("localhost",), prefix, exchange)


def _packages(modules: Iterable[ServiceModule]) -> frozenset[str]:
    parts = (
        part
        for module in modules
        for part in (
            *module.handlers,
            *module.consumers,
            *module.repositories,
            *module.process_managers,
            *module.tables,
        )
    )
    return frozenset(_package(part) for part in parts) - {"fastapi_chassis"}


def _package(part: object) -> str:
    return str(getattr(part, "__module__", "")).partition(".")[0]


def _descendants(event: type[IntegrationEvent]) -> Iterator[type[IntegrationEvent]]:
    for child in event.__subclasses__():
        yield child
        yield from _descendants(child)
