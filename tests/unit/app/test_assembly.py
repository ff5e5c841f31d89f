from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, FastAPI

from fastapi_chassis.api import Inject
from fastapi_chassis.app import ApplicationAbstract, InMemoryStore, PluginAbstract, ServiceModule, Store
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    Command,
    InMemoryUnitOfWork,
    Query,
)
from fastapi_chassis.config import DependencyConfig, PluginConfig, RootConfig
from fastapi_chassis.domain import BaseAggregate, DomainEvent, IntegrationEvent, WiringError
from tests.unit.app.ledger import Ledger, builder, plugin


class Item(BaseAggregate):
    title: str


class Items(AbstractRepository[Item, UUID]):
    pass


class CreateItem(Command[UUID], public=True):
    title: str


class ShowItem(Query[str], public=True):
    item_id: UUID


class Mailer:
    pass


class Sold(IntegrationEvent):
    pass


class Renamed(DomainEvent):
    pass


async def create(command: CreateItem, items: Items) -> UUID:
    return (await items.add(Item(title=command.title))).id


async def create_too(command: CreateItem) -> UUID:
    return uuid4()


async def show(query: ShowItem, mailer: Mailer) -> str:
    return ""


async def announce(event: Sold, mailer: Mailer) -> None:
    pass


async def renamed(event: Renamed, mailer: Mailer) -> None:
    pass


def built(*modules: ServiceModule, plugins=(), overrides=(), kind=ApplicationAbstract, **settings):
    made = builder(kind)
    for module in modules:
        made.add_module(module)
    for one in plugins:
        made.add_plugin(one)
    for one in overrides:
        made.with_dependencies(one)
    for path, value in settings.items():
        made.with_setting(path.replace("__", "."), value)
    return made.build()


def whats(*modules: ServiceModule, **options) -> list[str]:
    with pytest.raises(WiringError) as wrong:
        built(*modules, **options)
    assert all(finding.remedy for finding in wrong.value.findings)
    return [finding.what for finding in wrong.value.findings]


@pytest.mark.requirement("DOM-2", "APP-8")
def test_everything_that_is_wired_wrongly_is_told_at_once():
    router = APIRouter()

    @router.get("/forgotten")
    async def forgotten(mailer: Inject[Mailer]) -> None:
        pass

    class Odd(Command[None], public=True):
        thing: Mailer

    async def odd(command: Odd) -> None:
        pass

    class Silent(Command[None]):
        pass

    async def silent(command: Silent) -> None:
        pass

    module = ServiceModule(
        "items",
        routers=(router,),
        handlers=(create, create_too, show, renamed, odd, silent),
        consumers=(announce,),
        behaviors={Silent: (), Renamed: ()},
        health={"mail": lambda mailer: mailer},
    )
    here = __name__
    found = whats(
        module,
        plugins=[plugin(Ledger(), "audit", requires=("outbox",))],
        modules__itmes__enabled=False,
    )
    names = test_everything_that_is_wired_wrongly_is_told_at_once.__qualname__
    assert set(found) == {
        "plugin audit requires outbox, which is not enabled",
        "modules.itmes is configured, and the application has no such module",
        f"CreateItem has two handlers: {here}.create, {here}.create_too".replace("two", "2"),
        "Silent says nothing about who may send it",
        "module items has behaviours for Renamed, which nobody handles",
        f"{here}.{names}.<locals>.<lambda> can't be called: its parameter mailer has no annotation",
        "GET /forgotten says nothing about who may call it",
        f"{here}.show asks for Mailer, which nothing provides",
        f"{here}.renamed asks for Mailer, which nothing provides",
        f"{here}.announce asks for Mailer, which nothing provides",
        f"{here}.{names}.<locals>.forgotten asks for Mailer, which nothing provides",
        next(what for what in found if what.startswith("Odd has a field that can't be checked")),
    }
    assert len(found) == len(set(found))


@pytest.mark.requirement("APP-8", "CFG-1")
def test_configuration_and_wiring_stand_in_one_report(tmp_path: Path):
    (tmp_path / "application.yaml").write_text("server: {prot: 80}\nplugins: {nobody: {}}\n")
    made = builder(ApplicationAbstract).with_sources(directory=tmp_path, environ={})
    made.add_module(ServiceModule("items", handlers=(create, create_too, show)))
    with pytest.raises(WiringError) as wrong:
        made.build()
    whats = "\n".join(map(str, wrong.value.findings))
    assert len(wrong.value.findings) == 4
    assert "application.yaml:1  server.prot" in whats
    assert "Did you mean port?" in whats
    assert "no plugin is called nobody" in whats
    assert "CreateItem has 2 handlers" in whats
    assert "show asks for Mailer, which nothing provides" in whats


class Smtp(PluginAbstract[PluginConfig]):
    name = "smtp"
    provides = (Mailer,)


class Registering(PluginAbstract[PluginConfig]):
    name = "registering"

    def register(self, dependencies: DependencyConfig) -> None:
        dependencies.bind(Mailer)


@pytest.mark.requirement("APP-8")
@pytest.mark.parametrize("kind", [Smtp, Registering])
def test_what_a_plugin_with_a_wrong_section_would_provide_is_no_second_finding(tmp_path: Path, kind):
    (tmp_path / "application.yaml").write_text(f"plugins: {{{kind.name}: {{hots: x}}}}\n")
    made = builder(ApplicationAbstract).with_sources(directory=tmp_path, environ={}).add_plugin(kind)
    made.add_module(ServiceModule("items", handlers=(show,)))
    with pytest.raises(WiringError) as wrong:
        made.build()
    (finding,) = wrong.value.findings
    assert "hots" in finding.where


def test_a_file_that_cannot_be_read_hides_no_plugin_and_blames_none(tmp_path: Path):
    (tmp_path / "application.yaml").write_text("plugins: [")
    made = builder(ApplicationAbstract).with_sources(directory=tmp_path, environ={})
    made.add_module(ServiceModule("items", handlers=(create, create_too, show)))
    with pytest.raises(WiringError) as wrong:
        made.build()
    assert len(wrong.value.findings) == 2
    assert "CreateItem has 2 handlers" in wrong.value.findings[1].what


def test_configure_is_not_called_on_a_configuration_that_failed(tmp_path: Path):
    class Shop(ApplicationAbstract):
        def configure(self, app: FastAPI) -> None:
            raise AssertionError("called")

    (tmp_path / "application.yaml").write_text("nothing: known")
    with pytest.raises(WiringError, match="unknown key"):
        builder(Shop).with_sources(directory=tmp_path, environ={}).build()


@pytest.mark.requirement("APP-5")
async def test_overrides_stand_above_modules_and_those_above_plugins():
    class Mine(Mailer):
        pass

    class Double(Mailer):
        pass

    module = ServiceModule("m", providers=DependencyConfig().bind(Mailer, Mine))
    made = builder(ApplicationAbstract).add_plugin(Registering(PluginConfig()))
    assert type(await resolved(made.build())) is Mailer
    made.add_module(module)
    assert type(await resolved(made.build())) is Mine
    made.with_dependencies(DependencyConfig().bind(Mailer, Double))
    assert type(await resolved(made.build())) is Double


async def resolved(application: ApplicationAbstract) -> Mailer:
    await application.start()
    async with application.assembly.container.open_scope() as scope:
        found = await scope.get(Mailer)
    await application.stop()
    return found


async def test_a_repository_that_somebody_bound_is_not_filled_by_the_store():
    class Mine(AbstractRepositoryInMemory[Item, UUID]):
        pass

    def mine(unit_of_work: InMemoryUnitOfWork) -> Items:
        raise AssertionError("the override stands above")

    double = Mine.__new__(Mine)

    def doubled() -> Items:
        return double  # type: ignore[return-value]

    providers = DependencyConfig().bind(Items, mine).bind(InMemoryUnitOfWork, lambda: None)
    module = ServiceModule("items", handlers=(create,), repositories=(Items,), providers=providers)
    application = built(module, overrides=[DependencyConfig().bind(Items, doubled)])
    await application.start()
    async with application.assembly.container.open_scope() as scope:
        assert await scope.get(Items) is double
    await application.stop()


async def test_a_repository_that_only_a_provider_asks_for_is_filled():
    class Prices:
        def __init__(self, items: Items) -> None:
            self.items = items

    module = ServiceModule("items", providers=DependencyConfig().bind(Prices))
    application = built(module)
    await application.start()
    async with application.assembly.container.open_scope() as scope:
        assert isinstance((await scope.get(Prices)).items, Items)
    await application.stop()


class Holding(PluginAbstract[PluginConfig]):
    def __init__(self, config: PluginConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self.held = InMemoryStore()

    def store(self) -> Store | None:
        return self.held


class SqlStore(Holding):
    name = "sql"


class DocumentStore(Holding):
    name = "documents"


def test_the_store_is_that_of_a_plugin_or_memory():
    holding = SqlStore(PluginConfig())
    stores = built(plugins=[holding]).assembly.stores
    assert (stores.default.name, stores.default.store) == ("sql", holding.held)
    assert isinstance(built().assembly.stores.default.store, InMemoryStore)


@pytest.mark.requirement("APP-8")
def test_two_stores_and_none_named_are_a_finding_among_the_others():
    found = whats(ServiceModule("m", handlers=(show,)), plugins=[SqlStore, DocumentStore])
    assert found[0] == "several plugins hold a store: documents, sql"
    assert found[1].endswith("show asks for Mailer, which nothing provides")


@pytest.mark.requirement("PLG-2")
def test_two_plugins_for_one_type_are_a_finding():
    class Other(Smtp):
        name = "sendgrid"

    assert "smtp and sendgrid both provide Mailer" in whats(plugins=[Smtp, Other])


@pytest.mark.requirement("APP-6")
def test_a_module_that_is_turned_off_leaves_nothing_behind():
    router = APIRouter()
    router.add_api_route("/items", lambda: None)
    module = ServiceModule("items", routers=(router,), handlers=(show,), consumers=(announce,))
    assembly = built(module, modules__items__enabled=False).assembly
    assert assembly.modules == ()
    assert assembly.mediator.roads == ()
    assert assembly.road.consumers == ()
    assert "/items" not in assembly.fastapi.openapi()["paths"]


async def test_an_own_configuration_is_found_by_its_type():
    class ShopConfig(RootConfig):
        greeting: str = "hello"

    class Shop(ApplicationAbstract):
        config_type = ShopConfig

    application = built(kind=Shop, greeting="hi")
    await application.start()
    assert (await application.assembly.container.get(ShopConfig)).greeting == "hi"
    await application.stop()


def test_names_of_health_checks_that_clash_are_a_finding():
    async def check():
        raise AssertionError

    found = whats(ServiceModule("a", health={"x": check}), ServiceModule("b", health={"x": check}))
    assert found == ["two components are called x"]


def test_messaging_is_configured_by_its_section():
    assembly = built(messaging__enable_outbox=False).assembly
    assert not assembly.road.config.enable_outbox
    assert assembly.road.departures._relays == ()
