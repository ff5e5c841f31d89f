"""The application: its class and builder, its modules and plugins, and how they start and stop."""

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.assembly import Assembly
from fastapi_chassis.app.asyncapi import asyncapi_of, known_events, transport_name
from fastapi_chassis.app.blueprint import Blueprint
from fastapi_chassis.app.builder import ApplicationGenericBuilder
from fastapi_chassis.app.catalogue import ENTRY_POINT_GROUP, PluginCatalogue
from fastapi_chassis.app.configuration import configuration_schema, load_configuration
from fastapi_chassis.app.container import Container, Need, title_of
from fastapi_chassis.app.lifecycle import Lifecycle, PluginStartError
from fastapi_chassis.app.listening import AddressError, holder_of, listen_at
from fastapi_chassis.app.memory import InMemoryStore
from fastapi_chassis.app.migrations import Migrations, MigrationWriter
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin import PluginAbstract, PluginContext
from fastapi_chassis.app.recipe import OnReady, Recipe, recipe_of
from fastapi_chassis.app.relaying import run_relay
from fastapi_chassis.app.road import Road
from fastapi_chassis.app.serving import serve
from fastapi_chassis.app.store import Store

__all__ = (
    "ENTRY_POINT_GROUP",
    "AddressError",
    "ApplicationAbstract",
    "ApplicationGenericBuilder",
    "Assembly",
    "Blueprint",
    "Container",
    "InMemoryStore",
    "Lifecycle",
    "MigrationWriter",
    "Migrations",
    "Need",
    "OnReady",
    "PluginAbstract",
    "PluginCatalogue",
    "PluginContext",
    "PluginStartError",
    "Recipe",
    "Road",
    "ServiceModule",
    "Store",
    "asyncapi_of",
    "configuration_schema",
    "holder_of",
    "known_events",
    "listen_at",
    "load_configuration",
    "recipe_of",
    "run_relay",
    "serve",
    "title_of",
    "transport_name",
)
