import pytest

pytest_plugins = ("pytester",)

SERVICE = """
from uuid import UUID
from datetime import datetime
from fastapi import APIRouter
from fastapi_chassis import (
    AbstractRepository, ApplicationAbstract, BaseAggregate, Clock, Command, DependencyConfig, Inject,
    IntegrationEvent, Mediator, ServiceModule,
)
from fastapi_chassis.security import Public

class Greeter:
    def greet(self) -> str:
        return "hello"

class ItemCreated(IntegrationEvent):
    title: str

class Item(BaseAggregate):
    title: str

class CreateItem(Command[UUID], public=True):
    title: str

async def create(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemCreated(title=command.title))
    return (await items.add(item)).id

async def announce(event: ItemCreated) -> None:
    pass

router = APIRouter()

@router.post("/items")
async def post(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)

@router.get("/now", dependencies=[Public])
async def now(clock: Inject[Clock], greeter: Inject[Greeter]) -> list[str]:
    return [clock.now().isoformat(), greeter.greet()]

class Shop(ApplicationAbstract):
    name = "shop"
    modules = (
        ServiceModule("items", routers=(router,), handlers=(create,), consumers=(announce,),
                      providers=DependencyConfig().bind(Greeter)),
    )
"""

TESTS = """
import pytest
from fastapi_chassis import ApplicationGenericBuilder, DependencyConfig
from shop import Greeter, ItemCreated, Shop, announce

@pytest.fixture
def application():
    return Shop

async def test_item_is_announced(app):
    assert app.application.config.environment == "test"
    assert app.application.assembly.plugins == ()
    await app.client.post("/items", json={"title": "Dune"})
    await app.settled()
    app.published(ItemCreated, title="Dune")
    app.handled(announce, times=1)

async def test_time_is_in_the_hand_of_the_test(app, clock):
    before = clock.now()
    await clock.advance(days=7)
    assert (await app.client.get("/now")).json()[0] == clock.now().isoformat() != before.isoformat()

class TestDoubles:
    @pytest.fixture
    def app_doubles(self):
        class Rude(Greeter):
            def greet(self):
                return "what"
        return DependencyConfig().bind(Greeter, Rude)

    async def test_double(self, app):
        assert (await app.client.get("/now")).json()[1] == "what"

class TestBuilt:
    @pytest.fixture
    def application(self):
        builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
        return builder.with_setting("service.name", "built").build()

    async def test_built(self, app):
        assert app.application.config.service.name == "built"
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(shop=SERVICE, test_shop=TESTS)
    pytester.makefile(".yaml", application="plugins: {sqlalchemy: {url: 'sqlite+aiosqlite:///never.db'}}\n")
    pytester.makefile(".toml", pyproject='[tool.pytest]\nasyncio_mode = "auto"\npythonpath = ["."]\n')
    return pytester


@pytest.mark.requirement("TST-2")
def test_a_project_tests_its_service_with_memory_twins_and_a_clock(project: pytest.Pytester):
    result = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=4)
    assert not (project.path / "never.db").exists()


def test_a_project_that_names_no_application_is_told_what_to_do(project: pytest.Pytester):
    project.makepyfile(test_shop="async def test_it(app):\n    pass\n")
    result = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*override the fixture `application`*"])
