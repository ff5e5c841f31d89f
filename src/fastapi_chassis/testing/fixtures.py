"""The fixtures `app` and `clock`: a whole service in a test, and the time of day in its hand."""

from collections.abc import AsyncIterator, Collection, Mapping
from uuid import uuid4

import pytest
import pytest_asyncio

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    Blueprint,
    load_configuration,
)
from fastapi_chassis.config import ConfigSources, DependencyConfig
from fastapi_chassis.testing.app import TestApplication, frozen, open_application
from fastapi_chassis.testing.clock import SteppingClock

type Application = type[ApplicationAbstract] | ApplicationAbstract

_SOURCES = ConfigSources(profile="test")
_REAL = {  # a server: the fixture that says where it is, and the setting that is told
    "postgresql": ("postgresql_url", "plugins.sqlalchemy.url"),
    "ferretdb": ("ferretdb_url", "plugins.odm.url"),
    "valkey": ("valkey_url", "plugins.redis.url"),
    "kafka": ("kafka_servers", "plugins.kafka.bootstrap_servers"),
    "rabbitmq": ("rabbitmq_url", "plugins.aiopika.url"),
    "nats": ("nats_url", "plugins.nats.url"),
}


@pytest.fixture
def application() -> Application:
    """Override it: return your application's class, or an instance that you built."""
    pytest.fail("override the fixture `application`: return your application's class, or a built instance")


@pytest.fixture
def clock() -> SteppingClock:
    """Give the clock that `app` runs on: `await clock.advance(days=7)`."""
    return SteppingClock()


@pytest.fixture
def app_doubles() -> DependencyConfig:
    """Override it: bindings that take the place of those of modules and plugins."""
    return DependencyConfig("the test")


@pytest.fixture
def app_settings(application: Application, request: pytest.FixtureRequest) -> Mapping[str, object]:
    """Give the settings of `app`: every plugin of the chassis off, but those of `@pytest.mark.backends`."""
    if isinstance(application, ApplicationAbstract):
        return {}
    loaded = load_configuration(application, Blueprint(sources=_SOURCES))
    settings: dict[str, object] = {
        f"plugins.{section}.enabled": False
        for section, config in loaded.config.plugins.items()
        if type(config).__module__.startswith("fastapi_chassis.plugins.")
    }
    names = [name for marker in request.node.iter_markers("backends") for name in marker.args]
    for name in names:
        if name not in _REAL:
            pytest.fail(f"no plugin of the chassis speaks to {name}: override the fixture `app_settings`")
        place, setting = _REAL[name]
        settings[f"{setting.rpartition('.')[0]}.enabled"] = True
        settings[setting] = request.getfixturevalue(place)
    return settings | (_apart(loaded.config.service.name, names) if names else {})


def _apart(service: str, servers: Collection[str]) -> dict[str, object]:
    """Has a test meet nobody on servers that many share: keys, groups, topics and databases are its own."""
    own = uuid4().hex[:12]
    settings: dict[str, object] = {
        "service.name": f"{service[:40]}-{own}",
        "messaging.destination_prefix": f"test-{own}",
    }
    return settings | ({"plugins.odm.database": f"test_{own}"} if "ferretdb" in servers else {})


@pytest_asyncio.fixture
async def app(
    application: Application,
    app_settings: Mapping[str, object],
    app_doubles: DependencyConfig,
    clock: SteppingClock,
) -> AsyncIterator[TestApplication]:
    """Run the service for the length of the test, with the profile `test` and memory twins of everything."""
    built = application
    if isinstance(built, type):
        built = _built(built, app_settings, frozen(clock.frozen), app_doubles)
        for migrations in (plugin.migrations() for plugin in built.assembly.plugins):
            if migrations is not None:
                await migrations.migrate()
    async with open_application(built, clock=clock.frozen) as running:
        clock.follow(running.settled)
        yield running


def _built(
    application: type[ApplicationAbstract], settings: Mapping[str, object], *doubles: DependencyConfig
) -> ApplicationAbstract:
    builder = ApplicationGenericBuilder(application).with_sources(**_SOURCES)
    for path, value in settings.items():
        builder.with_setting(path, value)
    for double in doubles:
        builder.with_dependencies(double)
    return builder.build()
