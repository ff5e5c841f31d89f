import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from fastapi_chassis.app import Container, Need, title_of
from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.config import DependencyConfig, ScopeEnum


class Clock:
    pass


class Mailer(Protocol):
    def send(self) -> str: ...


class Smtp:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def send(self) -> str:
        return "smtp"


class Fake:
    def send(self) -> str:
        return "fake"


class Desk:
    def __init__(self, mailer: Mailer, retries: int = 3) -> None:
        self.mailer, self.retries = mailer, retries


def mail(scope: ScopeEnum = ScopeEnum.MESSAGE) -> DependencyConfig:
    dependencies = DependencyConfig("module mail")
    dependencies.bind(Clock, scope=ScopeEnum.APPLICATION)
    return dependencies.bind(Mailer, Smtp, scope=scope).bind(Desk)


def whats(container: Container, *needs: Need) -> list[str]:
    return [finding.what for finding in container.check(needs)]


@pytest.fixture
async def opened():
    containers = []

    def made(dependencies: DependencyConfig) -> Container:
        container = Container(dependencies)
        assert container.check([]) == []
        container.open()
        containers.append(container)
        return container

    yield made
    for container in containers:
        await container.close()


@pytest.mark.requirement("APP-5")
async def test_a_message_has_its_own_instances_and_shares_those_of_the_application(opened):
    container = opened(mail())
    async with container.open_scope() as first, container.open_scope() as second:
        one, again, other = await first.get(Mailer), await first.get(Mailer), await second.get(Mailer)
        assert one is again
        assert one is not other
        assert one.clock is other.clock is await container.get(Clock)
        assert (await first.get(Desk)).mailer is one
        assert (await first.get(Desk)).retries == 3


@pytest.mark.requirement("APP-5")
async def test_an_application_has_one_instance_whoever_asks_first(opened):
    made = []

    async def slow() -> Clock:
        made.append(1)
        await asyncio.sleep(0.001)
        return Clock()

    container = opened(DependencyConfig().bind(Clock, slow, scope=ScopeEnum.APPLICATION))

    async def ask() -> Clock:
        async with container.open_scope() as scope:
            return await scope.get(Clock)

    found = await asyncio.gather(*(ask() for _ in range(20)), container.get(Clock))
    assert len(set(found)) == len(made) == 1


@pytest.mark.requirement("APP-5")
async def test_the_later_binding_wins(opened):
    container = Container(mail())
    container.bind_all(DependencyConfig("the test").bind(Mailer, Fake))
    container.open()
    async with container.open_scope() as scope:
        assert (await scope.get(Desk)).mailer.send() == "fake"
    await container.close()


async def test_what_a_scope_made_ends_with_it(opened):
    ended = []

    async def message() -> AsyncIterator[Smtp]:
        yield Smtp(Clock())
        ended.append("message")

    async def application() -> AsyncIterator[Clock]:
        yield Clock()
        ended.append("application")

    dependencies = DependencyConfig().bind(Smtp, message)
    container = opened(dependencies.bind(Clock, application, scope=ScopeEnum.APPLICATION))
    async with container.open_scope() as scope:
        await scope.get(Smtp)
        await scope.get(Clock)
        assert ended == []
    assert ended == ["message"]
    await container.close()
    assert ended == ["message", "application"]


async def test_outside_its_life_nothing_is_resolved():
    container = Container(mail())
    with pytest.raises(RuntimeError, match="not running"):
        await container.get(Clock)
    container.open()
    await container.close()
    with pytest.raises(RuntimeError, match="not running"):
        container.open_scope()
    await container.close()


@pytest.mark.requirement("DOM-2")
def test_everything_that_nothing_provides_is_told_at_once():
    container = Container(DependencyConfig("module mail").bind(Desk))
    assert whats(container, Need(Clock, "items.create"), Need(Mailer, "items.delete")) == [
        "items.create asks for Clock, which nothing provides",
        "items.delete asks for Mailer, which nothing provides",
        f"{__name__}.Desk (bound to Desk by module mail) asks for Mailer, which nothing provides",
    ]


def test_what_an_absent_plugin_might_provide_is_not_told():
    container = Container([])
    assert container.check([Need(Clock, "x")], may_be_provided=lambda wanted: wanted is Clock) == []


def test_a_need_is_told_once():
    assert len(whats(Container([]), Need(Clock, "a"), Need(Clock, "a"))) == 1


@pytest.mark.requirement("APP-5")
def test_what_outlives_its_needs_is_a_finding():
    container = Container(DependencyConfig().bind(Clock).bind(Mailer, Smtp, scope=ScopeEnum.APPLICATION))
    assert whats(container) == [
        "Mailer lives as long as the application and asks for Clock, which lives for one message"
    ]


def test_a_circle_is_a_finding():
    class Hen:
        def __init__(self, egg: "Egg") -> None: ...

    class Egg:
        def __init__(self, hen: Hen) -> None: ...

    Hen.__init__.__annotations__["egg"] = Egg
    name = f"{test_a_circle_is_a_finding.__name__}.<locals>"
    assert whats(Container(DependencyConfig().bind(Hen).bind(Egg))) == [
        f"dependencies run in a circle: {name}.Hen → {name}.Egg → {name}.Hen"
    ]


def test_an_implementation_that_is_abstract_is_a_finding():
    assert whats(Container(DependencyConfig().bind(Mailer))) == [
        f"{__name__}.Mailer, bound to Mailer, is abstract"
    ]


def test_a_factory_that_cannot_be_read_is_a_finding():
    container = Container(DependencyConfig().bind(Mailer, lambda clock: Smtp(clock)))
    (finding,) = container.check([])
    assert finding.what.endswith("can't be called: its parameter clock has no annotation")
    assert finding.remedy == "annotate its parameters."


def test_a_type_is_named_as_it_was_written():
    assert title_of(AbstractRepository[Clock, str]) == "AbstractRepository[Clock, str]"
    assert title_of(Clock) == "Clock"


def test_scopes_are_known_before_it_is_open():
    container = Container(mail())
    assert container.is_application_scoped(Clock)
    assert not container.is_application_scoped(Mailer)
    assert not container.is_application_scoped(int)
    assert container.provides(Desk)
    assert not container.provides(int)
