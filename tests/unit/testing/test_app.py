import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import APIRouter

from fastapi_chassis.api import Inject
from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command, Mediator, Principal, Query
from fastapi_chassis.domain import BaseAggregate, Clock, FrozenClock, IntegrationEvent
from fastapi_chassis.security import Public
from fastapi_chassis.testing import TestApplication, acting_as, frozen, open_application


class ItemCreated(IntegrationEvent):
    title: str


class Item(BaseAggregate):
    title: str


class CreateItem(Command[UUID], public=True):
    title: str


class WhoAmI(Query[str], requires="items:read"):
    pass


async def create(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemCreated(title=command.title))
    return (await items.add(item)).id


async def who(query: WhoAmI, caller: Principal) -> str:
    return caller.subject


async def announce(event: ItemCreated) -> None:
    pass


def announce_in_a_thread(event: ItemCreated) -> None:
    pass


class Announcer:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def __call__(self, event: ItemCreated) -> None:
        assert self.clock.now()


async def refuse(event: ItemCreated, items: AbstractRepository[Item, UUID]) -> None:
    raise LookupError


async def nobody(event: ItemCreated) -> None:
    pass


router = APIRouter(prefix="/items")


@router.post("/", status_code=201)
async def post(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


@router.get("/now", dependencies=[Public])
async def now(clock: Inject[Clock]) -> str:
    return clock.now().isoformat()


@router.get("/broken", dependencies=[Public])
async def broken() -> str:
    raise LookupError


CONSUMERS = (announce, announce_in_a_thread, Announcer, refuse)


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ServiceModule("items", routers=(router,), handlers=(create, who), consumers=CONSUMERS),)


def shop(*doubles) -> Shop:
    builder = ApplicationGenericBuilder(Shop).with_sources(environ={}, directory="/nonexistent")
    builder.with_setting("messaging.max_attempts", 1)
    for double in doubles:
        builder.with_dependencies(double)
    return builder.build()


@pytest.mark.requirement("TST-2")
async def test_what_was_published_and_handled_is_asserted():
    async with open_application(shop()) as app:
        assert (await app.client.post("/items/", json={"title": "Dune"})).status_code == 201
        await app.client.post("/items/", json={"title": "Emma"})
        await app.settled()
        (dune,) = app.published(ItemCreated, title="Dune")
        assert dune.title == "Dune"
        assert len(app.published(ItemCreated, times=2)) == 2
        app.published(ItemCreated, title="Ulysses", times=0)
        for consumer in (announce, announce_in_a_thread, Announcer):
            app.handled(consumer, times=2)
        app.handled(refuse, times=0)


@pytest.mark.requirement("TST-2")
async def test_what_is_asserted_wrongly_says_what_happened():
    async with open_application(shop()) as app:
        with pytest.raises(AssertionError, match="ItemCreated was not published; published: nothing"):
            app.published(ItemCreated)
        await app.client.post("/items/", json={"title": "Dune"})
        await app.settled()
        with pytest.raises(AssertionError, match=r"title': 'Emma'} was not published; published: .*Dune"):
            app.published(ItemCreated, title="Emma")
        with pytest.raises(AssertionError, match="was published 1 times, not 2"):
            app.published(ItemCreated, times=2)
        with pytest.raises(AssertionError, match="announce ran 1 times, not 3"):
            app.handled(announce, times=3)
        with pytest.raises(AssertionError, match="nobody is no consumer of this application"):
            app.handled(nobody)


@pytest.mark.requirement("TST-2", "APP-5")
async def test_doubles_stand_in_the_place_of_what_was_bound():
    clock = FrozenClock()
    async with open_application(shop(frozen(clock), acting_as(Principal("ada"))), clock=clock) as app:
        before = (await app.client.get("/items/now")).json()
        await app.advance(timedelta(days=7))
        assert (await app.client.get("/items/now")).json() == clock.now().isoformat() != before
        assert await app.get(Clock) is clock
        async with app.application.assembly.container.open_scope() as scope:
            assert (await scope.get(Principal)).subject == "ada"


async def test_without_a_frozen_clock_time_is_not_moved():
    async with open_application(shop()) as app:
        with pytest.raises(AssertionError, match="give it a FrozenClock"):
            await app.advance(timedelta(days=1))


@pytest.mark.requirement("TST-2")
async def test_a_fault_of_the_service_is_the_response_that_a_client_sees():
    async with open_application(shop()) as app:
        response = await app.client.get("/items/broken")
        assert response.status_code == 500
        assert response.headers["content-type"].startswith("application/problem+json")


async def test_messages_that_find_no_end_fail_the_test(monkeypatch):
    async with open_application(shop()) as app:

        async def never() -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(app.application.assembly.road, "settled", never)
        with pytest.raises(AssertionError, match=r"messages are still under way after 0\.01 s"):
            await app.settled(within=0.01)


async def test_it_speaks_only_while_it_runs():
    app = TestApplication(shop())
    with pytest.raises(RuntimeError, match="not running"):
        _ = app.client
    async with app.running():
        assert (await app.client.get("/api/health/ready")).status_code == 200
    with pytest.raises(RuntimeError, match="not running"):
        _ = app.client
    assert not app.application.status.readiness()


async def test_a_test_that_fails_still_stops_the_service():
    held = shop()
    with pytest.raises(LookupError):
        async with open_application(held):
            raise LookupError
    assert not held.status.readiness()
