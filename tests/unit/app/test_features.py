import pytest

from fastapi_chassis.app import Container, ServiceModule
from fastapi_chassis.app.features import enabled_modules, health_check, health_needs, own_behaviors
from fastapi_chassis.application import Command, read_handler
from fastapi_chassis.config import DependencyConfig, RootConfig
from fastapi_chassis.status import Component, healthy


class Ping(Command[None], public=True):
    pass


class Depot:
    pass


async def ping(command: Ping) -> None:
    pass


async def warehouse(depot: Depot) -> Component:
    return healthy("warehouse", type(depot).__name__)


async def one(message, following, /):
    return await following(message)


async def two(message, following, /):
    return await following(message)


def config(**modules) -> RootConfig:
    return RootConfig.model_validate({"modules": modules})


@pytest.mark.requirement("APP-6")
def test_a_module_is_turned_off_by_configuration():
    modules = [ServiceModule("items"), ServiceModule("mails"), ServiceModule("users")]
    on, findings = enabled_modules(config(mails={"enabled": False}, users={}), modules)
    assert [module.name for module in on] == ["items", "users"]
    assert findings == []


@pytest.mark.requirement("APP-6", "APP-8")
def test_names_that_are_taken_twice_or_unknown_are_findings():
    _, findings = enabled_modules(config(itmes={}), [ServiceModule("items"), ServiceModule("items")])
    assert [finding.what for finding in findings] == [
        "two modules are called items",
        "modules.itmes is configured, and the application has no such module",
    ]
    assert "items" in findings[1].remedy


def test_behaviours_of_all_modules_are_joined():
    handlers = [read_handler(ping)]
    modules = [ServiceModule("a", behaviors={Ping: (one,)}), ServiceModule("b", behaviors={Ping: (two,)})]
    assert own_behaviors(modules, handlers) == ({Ping: (one, two)}, [])


def test_behaviours_for_what_nobody_handles_are_a_finding():
    _, (finding,) = own_behaviors([ServiceModule("a", behaviors={Ping: (one,)})], [])
    assert finding.what == "module a has behaviours for Ping, which nobody handles"


def test_health_checks_say_what_they_need():
    (need,), findings = health_needs([ServiceModule("a", health={"warehouse": warehouse})])
    assert (need.wanted, need.by) == (Depot, f"{__name__}.warehouse")
    assert findings == []


def test_a_health_check_that_cannot_be_read_is_a_finding():
    async def unread(depot):
        raise AssertionError

    needs, (finding,) = health_needs([ServiceModule("a", health={"x": unread})])
    assert needs == []
    assert finding.what.endswith("can't be called: its parameter depot has no annotation")


@pytest.mark.requirement("APP-6")
async def test_a_health_check_gets_what_it_needs():
    container = Container(DependencyConfig().bind(Depot))
    container.open()
    assert (await health_check(warehouse, container)()).detail == "Depot"
    await container.close()
