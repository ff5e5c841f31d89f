"""Tests as a user writes them: pytest in a process of its own, in a folder that names its application."""

import sys

import pytest

from fastapi_chassis.testing.backends.fixtures import OpenBackend
from tests.integration.cli.folder import Done, Folder
from tests.integration.experience.printed import SHOP_TEST

CONFTEST = """
import pytest
from shop import Shop


@pytest.fixture
def application() -> type[Shop]:
    return Shop
"""
SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = --strict-markers --strict-config -p no:cacheprovider
filterwarnings = error
"""
LYING = """
from fastapi_chassis.testing import TestApplication
from shop import ItemCreated, announce


async def test_nobody_said_so(app: TestApplication) -> None:
    app.published(ItemCreated, title="Dune")


async def test_nobody_did_so(app: TestApplication) -> None:
    app.handled(announce, times=1)


async def test_title_is_another_one(app: TestApplication) -> None:
    await app.client.post("/api/items/", json={"title": "Solaris"})
    await app.settled()
    app.published(ItemCreated, title="Dune")
"""
TIME = """
from datetime import timedelta
from fastapi_chassis import Clock


async def test_clock_is_that_of_the_application(app, clock) -> None:
    before = (await app.get(Clock)).now()
    await clock.advance(days=7)
    assert (await app.get(Clock)).now() - before == timedelta(days=7)
    assert clock.now() == (await app.get(Clock)).now()
"""
REAL = """
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from test_shop import test_item_is_announced


@pytest.mark.backends("postgresql")
async def test_on_the_real_road(app) -> None:
    assert (await app.get(AsyncEngine)).dialect.name == "postgresql"
    await test_item_is_announced(app)
"""

BROKER = """
import pytest
from fastapi_chassis.messaging import Transport
from test_shop import test_item_is_announced


@pytest.mark.backends("{server}")
async def test_on_the_real_road(app) -> None:
    assert (await app.get(Transport)).system == "{system}"
    await test_item_is_announced(app)
"""

UNHEARD = """
import pytest


@pytest.mark.backends("hydra")
async def test_on_a_road_that_nobody_built(app) -> None: ...
"""


@pytest.fixture
def project(folder: Folder) -> Folder:
    folder.write("conftest.py", CONFTEST)
    folder.write("pytest.ini", SETTINGS)
    folder.write("test_shop.py", SHOP_TEST)
    return folder


def run_pytest(folder: Folder, *names: str) -> Done:
    return folder.chassis("-m", "pytest", "-q", *names, program=(sys.executable,))


@pytest.mark.requirement("TST-2")
@pytest.mark.parametrize("configuration", ["", "plugins: {sqlalchemy: {}}\n"])
def test_printed_test_passes_and_touches_no_file(project: Folder, configuration: str) -> None:
    project.write("application.yaml", configuration)
    done = run_pytest(project, "test_shop.py")
    assert "1 passed" in done.out, done.out + done.err
    assert not list(project.path.glob("*.db"))


@pytest.mark.requirement("TST-2")
def test_assertions_notice_what_did_not_happen(project: Folder) -> None:
    project.write("test_lying.py", LYING)
    done = run_pytest(project, "test_lying.py")
    assert "3 failed" in done.out, done.out + done.err
    assert "ItemCreated with {'title': 'Dune'} was not published; published: nothing" in done.out
    assert "shop.announce ran 0 times, not 1" in done.out
    assert "title='Solaris'" in done.out


@pytest.mark.requirement("TST-2")
def test_time_of_day_is_in_the_hand_of_the_test(project: Folder) -> None:
    project.write("test_time.py", TIME)
    done = run_pytest(project, "test_time.py")
    assert "1 passed" in done.out, done.out + done.err


@pytest.mark.requirement("TST-2", "TST-3")
@pytest.mark.backends("postgresql")
def test_same_test_on_the_real_server(project: Folder, postgresql_url: str) -> None:
    project.write("application.yaml", "plugins: {sqlalchemy: {}}\n")
    project.write("test_real.py", REAL)
    project.environ["CHASSIS_TEST_POSTGRESQL_URL"] = postgresql_url
    done = run_pytest(project, "test_real.py")
    assert "2 passed" in done.out, done.out + done.err


@pytest.mark.requirement("TST-2", "TST-3")
@pytest.mark.parametrize(
    ("server", "plugin"),
    [
        pytest.param("kafka", "kafka", marks=pytest.mark.backends("kafka")),
        pytest.param("rabbitmq", "aiopika", marks=pytest.mark.backends("rabbitmq")),
        pytest.param("nats", "nats", marks=pytest.mark.backends("nats")),
    ],
)
def test_same_test_over_a_real_broker(
    project: Folder, backend: OpenBackend, server: str, plugin: str
) -> None:
    project.write("application.yaml", f"plugins: {{{plugin}: {{}}}}\n")
    project.write("test_real.py", BROKER.format(server=server, system=server))
    project.environ[f"CHASSIS_TEST_{server.upper()}_URL"] = backend(server).url
    done = run_pytest(project, "test_real.py")
    assert "2 passed" in done.out, done.out + done.err


@pytest.mark.requirement("TST-3")
def test_server_that_the_application_would_not_meet_is_told(project: Folder) -> None:
    project.write("test_unheard.py", UNHEARD)
    project.environ["CHASSIS_TEST_HYDRA_URL"] = "http://127.0.0.1:9"
    done = run_pytest(project, "test_unheard.py")
    assert "no plugin of the chassis speaks to hydra: override the fixture `app_settings`" in done.out


def test_folder_that_names_no_application_is_told(project: Folder) -> None:
    project.write("conftest.py", "")
    done = run_pytest(project, "test_shop.py")
    assert "override the fixture `application`: return your application's class" in done.out
