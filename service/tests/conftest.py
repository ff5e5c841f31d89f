"""Fixtures of the bookshop's tests: the service on each of its stores, and members who use it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bookshop.app import Bookshop
from fastapi_chassis.app import ApplicationGenericBuilder
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.security import PasswordHasher, Verdict
from fastapi_chassis.testing import TestApplication, frozen, open_application

from .shop import SERVICE, Shop

RULES = yaml.safe_load((SERVICE / "application.yaml").read_text(encoding="utf-8"))["api"]["rate_limits"]
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
STORES = [
    "memory",
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.backends("postgresql")),
]


class QuickHasher(PasswordHasher):
    """Keeps the rules of passwords and leaves the slow work out."""

    async def hash(self, password: str) -> str:
        return f"quick:{password}"

    async def verify(self, password: str, stored: str | None) -> Verdict:
        return Verdict(is_right=stored == f"quick:{password}")


def quick_passwords() -> DependencyConfig:
    return DependencyConfig("the test").bind_instance(PasswordHasher, QuickHasher())


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def database_url(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> str | None:
    match store:
        case "memory":
            return None
        case "sqlite":
            return f"sqlite+aiosqlite:///{tmp_path / 'bookshop.db'}"
        case _:
            return request.getfixturevalue("postgresql_url")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def built(
    database_url: str | None,
    *overrides: DependencyConfig,
    settings: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
) -> Bookshop:
    """Builds the bookshop on a store, from its own application.yaml."""
    builder = ApplicationGenericBuilder(Bookshop).with_sources(
        file=SERVICE / "application.yaml", directory=SERVICE, profile="test", environ=environ or {}
    )
    if database_url is None:
        builder.with_setting("plugins.sqlalchemy.enabled", value=False)
    else:
        builder.with_setting("plugins.sqlalchemy.url", database_url)
        builder.with_setting("plugins.sqlalchemy.migrations", str(SERVICE / "bookshop" / "migrations"))
    # the clock of a test stands still, and nothing would ever be allowed again; RULES are tested apart
    builder.with_setting("api.rate_limits", [{**rule, "limit": "600000/min"} for rule in RULES])
    for path, value in (settings or {}).items():
        builder.with_setting(path, value)
    for override in overrides:
        builder.with_dependencies(override)
    return builder.build()


@pytest.fixture
async def app(database_url: str | None, clock: FrozenClock) -> AsyncIterator[TestApplication]:
    """The bookshop on each store, at a time that stands still."""
    async with open_application(built(database_url, frozen(clock), quick_passwords()), clock=clock) as app:
        yield app


@pytest.fixture
def shop(app: TestApplication) -> Shop:
    return Shop(app)


@pytest.fixture
async def memory_app(clock: FrozenClock) -> AsyncIterator[TestApplication]:
    """The bookshop in memory, for what does not touch a store."""
    async with open_application(built(None, frozen(clock), quick_passwords()), clock=clock) as app:
        yield app


@pytest.fixture
def memory_shop(memory_app: TestApplication) -> Shop:
    return Shop(memory_app)
