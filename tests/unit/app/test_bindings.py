import pytest

from fastapi_chassis.app import Container, InMemoryStore, ServiceModule
from fastapi_chassis.app.bindings import (
    common_bindings,
    module_bindings,
    plugin_bindings,
    provided_bindings,
    unit_of_work_binding,
)
from fastapi_chassis.app.provided import Provided
from fastapi_chassis.app.stores import StorePlace
from fastapi_chassis.application import (
    AbstractUnitOfWork,
    Mediator,
    MessageContext,
    Principal,
    use_context,
)
from fastapi_chassis.caching import Cache, CachingConfig, InMemoryCache, InMemoryLock, Lock, ReadThroughCache
from fastapi_chassis.config import DependencyConfig, LoadedConfig, RootConfig
from fastapi_chassis.domain import Clock, UnauthenticatedException, UnavailableException
from fastapi_chassis.messaging import MessagingConfig
from fastapi_chassis.resilience import InMemoryRateLimiter, RateLimiter
from fastapi_chassis.status import StatusService
from tests.unit.app.ledger import Ledger, plugin


class ShopConfig(RootConfig):
    greeting: str = "hello"


class Bus:
    pass


@pytest.fixture
async def container():
    loaded = LoadedConfig(ShopConfig(), {}, {"caching": CachingConfig(), "messaging": MessagingConfig()})
    container = Container(common_bindings(loaded, StatusService()))
    container.bind_all(unit_of_work_binding(StorePlace("memory", InMemoryStore()), None, Mediator()))
    assert container.check([]) == []
    container.open()
    yield container
    await container.close()


@pytest.mark.requirement("APP-5")
async def test_everybody_can_ask_for_the_clock_and_the_configuration(container):
    assert (await container.get(Clock)).now().tzinfo
    assert (await container.get(ShopConfig)) is await container.get(RootConfig)
    assert (await container.get(MessagingConfig)) == MessagingConfig()
    assert isinstance(await container.get(StatusService), StatusService)


@pytest.mark.requirement("API-4", "CCH-3", "TST-1")
async def test_what_replicas_share_is_in_memory_until_a_plugin_provides_it(container):
    assert isinstance(await container.get(Cache), InMemoryCache)
    assert isinstance(await container.get(Lock), InMemoryLock)
    assert isinstance(await container.get(RateLimiter), InMemoryRateLimiter)
    assert await container.get(ReadThroughCache) is await container.get(ReadThroughCache)


async def test_the_caller_is_known_or_the_message_is_refused(container):
    caller = Principal("ada")
    with use_context(MessageContext(principal=caller)):
        async with container.open_scope() as scope:
            assert await scope.get(Principal) is caller
    with use_context(MessageContext()):
        async with container.open_scope() as scope:
            with pytest.raises(UnauthenticatedException):
                await scope.get(Principal)


async def test_a_message_has_one_transaction(container):
    async with container.open_scope() as scope, container.open_scope() as other:
        unit_of_work = await scope.get(AbstractUnitOfWork)
        assert unit_of_work is await scope.get(AbstractUnitOfWork)
        assert unit_of_work is not await other.get(AbstractUnitOfWork)


async def test_what_a_module_provides_takes_part_in_the_transactions_of_its_store(container):
    class Ledger:
        def __init__(self, unit_of_work: AbstractUnitOfWork, clock: Clock) -> None:
            self.unit_of_work = unit_of_work

    class Elsewhere(AbstractUnitOfWork):
        pass

    module = ServiceModule("books", providers=DependencyConfig().bind(Ledger))
    place = StorePlace("other", InMemoryStore(), Elsewhere)
    container.bind_all(unit_of_work_binding(place, None, Mediator()))
    container.bind_all(module_bindings(module, place))
    assert container.check([]) == []
    container.open()
    async with container.open_scope() as scope:
        assert (await scope.get(Ledger)).unit_of_work is await scope.get(Elsewhere)
        assert (await scope.get(Ledger)).unit_of_work is not await scope.get(AbstractUnitOfWork)


@pytest.mark.requirement("PLG-4")
async def test_what_a_plugin_will_provide_is_unavailable_until_it_has():
    provided, kafka = Provided(), plugin(Ledger(), "kafka", provides=(Bus,))
    container = Container(provided_bindings({Bus: kafka}, provided))
    container.open()
    with pytest.raises(UnavailableException, match="kafka is away"):
        await container.get(Bus)
    bus = Bus()
    provided.give("kafka", Bus, bus)
    assert await container.get(Bus) is bus
    await container.close()


def test_a_plugin_binds_what_it_makes_per_message():
    class Registering(type(plugin(Ledger(), "kafka"))):
        def register(self, dependencies: DependencyConfig) -> None:
            dependencies.bind(Bus)

    (binding,) = plugin_bindings(Registering(plugin(Ledger(), "kafka").config))
    assert (binding.interface, binding.origin) == (Bus, "plugin kafka")
