from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    InMemoryStore,
    PluginAbstract,
    ServiceModule,
)
from fastapi_chassis.application import AbstractRepository, Command, Schedule
from fastapi_chassis.config import DependencyConfig, PluginConfig
from fastapi_chassis.domain import BaseAggregate, FrozenClock, IntegrationEvent, WiringError
from fastapi_chassis.testing import TestApplication, frozen, open_application
from tests.unit.application.checkout import (
    Checkout,
    OrderChanged,
    OrderPlaced,
    PaymentReceived,
    ReleaseStock,
    ReserveStock,
)

WEEK = timedelta(days=7)


class Order(BaseAggregate):
    pass


class PlaceOrder(Command[UUID], public=True):
    pass


class PayOrder(Command[None], public=True):
    order_id: UUID


class AskForReview(Command[None], requires="reviews:write"):
    order_id: UUID


class CancelReview(Command[bool], public=True):
    order_id: UUID


class Reviewed(IntegrationEvent):
    order_id: UUID


class Ledger:
    """What handlers did."""

    def __init__(self) -> None:
        self.done: list[object] = []


async def place(command: PlaceOrder, orders: AbstractRepository[Order, UUID]) -> UUID:
    order = Order()
    order.record(OrderPlaced(order_id=order.id))
    return (await orders.add(order)).id


async def pay(command: PayOrder, orders: AbstractRepository[Order, UUID]) -> None:
    order = await orders.get(command.order_id)
    order.record(PaymentReceived(order_id=order.id))
    await orders.update(order)


async def change(command: CancelReview, schedule: Schedule) -> bool:
    return await schedule.cancel(f"review:{command.order_id}")


async def remind(event: OrderPlaced, schedule: Schedule) -> None:
    review = AskForReview(order_id=event.order_id)
    await schedule.send(review, in_=WEEK, key=f"review:{event.order_id}")


async def ask(command: AskForReview, ledger: Ledger, schedule: Schedule) -> None:
    ledger.done.append(command)
    await schedule.send(Reviewed(order_id=command.order_id))


async def note(event: Reviewed, ledger: Ledger) -> None:
    ledger.done.append(event)


async def reserve(command: ReserveStock, ledger: Ledger) -> None:
    ledger.done.append(command)


async def release(command: ReleaseStock, ledger: Ledger) -> None:
    ledger.done.append(command)


ORDERS = ServiceModule("orders", handlers=(place, pay))
REVIEWS = ServiceModule("reviews", handlers=(ask, change), consumers=(remind, note))
STOCK = ServiceModule("stock", handlers=(reserve, release))
PROCESSES = ServiceModule("checkouts", process_managers=(Checkout,))


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ORDERS, REVIEWS, STOCK, PROCESSES)


class World:
    """The shop in memory, at a time that stands still."""

    def __init__(self, **settings: object) -> None:
        self.clock, self.ledger = FrozenClock(datetime(2027, 3, 1, tzinfo=UTC)), Ledger()
        doubles = DependencyConfig("the test").bind_instance(Ledger, self.ledger)
        builder = ApplicationGenericBuilder(Shop).with_dependencies(frozen(self.clock))
        builder.with_dependencies(doubles).with_sources(environ={})
        for path, value in settings.items():
            builder.with_setting(path.replace("__", "."), value)
        self.application = builder.build()

    async def __aenter__(self) -> Self:
        self._running = open_application(self.application, clock=self.clock)
        self.app: TestApplication = await self._running.__aenter__()
        return self

    async def __aexit__(self, *fault: object) -> None:
        await self._running.__aexit__(*fault)

    async def send(self, command: Command[Any]) -> Any:
        answer = await self.application.mediator.send(command)
        await self.app.settled()
        return answer


@pytest.mark.requirement("MSG-8")
async def test_a_scheduled_command_is_handled_when_its_time_has_come() -> None:
    async with World() as world:
        order_id = await world.send(PlaceOrder())
        world.ledger.done.clear()
        await world.app.advance(WEEK - timedelta(minutes=1))
        assert AskForReview(order_id=order_id) not in world.ledger.done
        await world.app.advance(timedelta(minutes=2))
        done = [one for one in world.ledger.done if isinstance(one, AskForReview | Reviewed)]
        assert done == [AskForReview(order_id=order_id), Reviewed(order_id=order_id)]
        world.app.published(Reviewed, times=1)


@pytest.mark.requirement("MSG-8")
async def test_a_scheduled_command_can_be_taken_back() -> None:
    async with World() as world:
        order_id = await world.send(PlaceOrder())
        assert await world.send(CancelReview(order_id=order_id)) is True
        assert await world.send(CancelReview(order_id=order_id)) is False
        await world.app.advance(2 * WEEK)
        assert AskForReview(order_id=order_id) not in world.ledger.done


@pytest.mark.requirement("MSG-9")
@pytest.mark.parametrize("is_paid", [True, False])
async def test_a_process_sends_commands_and_compensates_when_its_time_is_over(*, is_paid: bool) -> None:
    async with World() as world:
        order_id = await world.send(PlaceOrder())
        assert world.ledger.done == [ReserveStock(order_id=order_id)]
        if is_paid:
            await world.send(PayOrder(order_id=order_id))
        for _ in range(3):
            await world.app.advance(timedelta(minutes=15))
        released = [ReleaseStock(order_id=order_id)]
        assert world.ledger.done[1:] == ([] if is_paid else released)


@pytest.mark.requirement("DOM-5", "MSG-9")
async def test_a_process_that_fails_leaves_neither_state_nor_messages() -> None:
    class Failing(Checkout, name="failing"):
        async def on_order_placed(self, event: OrderPlaced) -> Any:
            if faults:
                faults.pop()
                return (*await super().on_order_placed(event), "what no process says")  # type: ignore[misc]  # a tuple
            return await super().on_order_placed(event)

    faults = [True]

    class Other(Shop):
        modules = (ORDERS, REVIEWS, STOCK, ServiceModule("checkouts", process_managers=(Failing,)))

    ledger = Ledger()
    doubles = DependencyConfig("the test").bind_instance(Ledger, ledger)
    application = ApplicationGenericBuilder(Other).with_dependencies(doubles).with_sources(environ={}).build()
    async with open_application(application) as app:
        order_id = await application.mediator.send(PlaceOrder())
        await app.settled()
    assert ledger.done == [ReserveStock(order_id=order_id)]
    assert faults == []


async def test_who_never_schedules_has_no_consumers_of_commands() -> None:
    class Plain(ApplicationAbstract):
        name = "plain"
        modules = (ServiceModule("stock", handlers=(place,)),)

    application = ApplicationGenericBuilder(Plain).with_sources(environ={}).build()
    assert application.assembly.scheduling.consumers == []


def test_a_module_in_another_process_has_its_commands_taken_there() -> None:
    world = World(modules__checkouts__enabled=False, modules__reviews__enabled=False)
    groups = [one.subscription.group for one in world.application.assembly.scheduling.consumers]
    assert groups == ["shop.orders.commands", "shop.stock.commands"]


class Silent(InMemoryStore):
    """A store that keeps no schedules."""

    def schedule(self) -> None:  # type: ignore[override]  # as stores without any do
        return None


class SilentPlugin(PluginAbstract[PluginConfig]):
    name = "silent"

    def store(self) -> InMemoryStore:
        return Silent()


class OnSilent(Shop):
    plugins = (SilentPlugin,)


@pytest.mark.requirement("MSG-8", "MSG-9")
def test_a_store_that_keeps_no_schedules_is_a_finding() -> None:
    doubles = DependencyConfig("the test").bind_instance(Ledger, Ledger())
    builder = ApplicationGenericBuilder(OnSilent).with_dependencies(doubles).with_sources(environ={})
    with pytest.raises(WiringError) as told:
        builder.build()
    assert [finding.what for finding in told.value.findings] == [
        f"module {name} schedules messages, and its store silent keeps no schedules"
        for name in ("reviews", "checkouts")
    ]


def test_without_an_outbox_nothing_can_be_scheduled() -> None:
    with pytest.raises(WiringError, match="there is no outbox for them to leave by"):
        World(messaging__enable_outbox=False)


async def test_a_domain_event_moves_a_process_on_within_its_transaction() -> None:
    class Touch(Command[None], public=True):
        order_id: UUID

    async def touch(command: Touch, orders: AbstractRepository[Order, UUID]) -> None:
        order = await orders.get(command.order_id)
        order.record(OrderChanged(order_id=order.id))
        await orders.update(order)

    async def state(command: PayOrder, processes: AbstractRepository[Checkout, UUID], ledger: Ledger) -> None:
        ledger.done.append((await processes.get(Checkout.id_of(command.order_id))).changes)

    class Touching(Shop):
        modules = (
            ServiceModule("orders", handlers=(place, touch, state)),
            STOCK,
            REVIEWS,
            PROCESSES,
        )

    ledger = Ledger()
    doubles = DependencyConfig("the test").bind_instance(Ledger, ledger)
    application = (
        ApplicationGenericBuilder(Touching).with_dependencies(doubles).with_sources(environ={}).build()
    )
    async with open_application(application) as app:
        order_id = await application.mediator.send(PlaceOrder())
        await app.settled()
        await application.mediator.send(Touch(order_id=order_id))
        await application.mediator.send(PayOrder(order_id=order_id))
    assert ledger.done[-1] == 1
