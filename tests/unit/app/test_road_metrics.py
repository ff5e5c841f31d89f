"""The metrics of a whole service tell the truth: after a drain they equal what it did."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent, ValidationException
from fastapi_chassis.messaging import DeadLetterQuery, writer_for
from fastapi_chassis.testing import TestApplication, eventually, open_application
from tests.measures import Measures, measured
from tests.unit.app.ledger import builder

SENT, CONSUMED = "messaging.client.sent.messages", "messaging.client.consumed.messages"
DONE, DEAD, DUPLICATES = "messaging.process.duration", "chassis.dead_letters", "chassis.inbox.duplicates"
BACKLOG, BLOCKED = "chassis.outbox.backlog", "chassis.outbox.blocked"
GROUP, DESTINATION = "messaging.consumer.group.name", "messaging.destination.name"


class Offered(IntegrationEvent):
    title: str


class Book(BaseAggregate):
    title: str


class Offer(Command[UUID], public=True):
    title: str


async def offer(command: Offer, books: AbstractRepository[Book, UUID]) -> UUID:
    book = Book(title=command.title)
    book.record(Offered(title=command.title))
    return (await books.add(book)).id


async def announce(event: Offered, books: AbstractRepository[Book, UUID]) -> None:
    await books.add(Book(title=f"announced {event.title}"))


class Critic:
    """Refuses some for good, and others once."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def review(self, event: Offered) -> None:
        self.seen[event.title] += 1
        if event.title.startswith("bad"):
            raise ValidationException("not to be read")
        if event.title.startswith("odd") and self.seen[event.title] == 1:
            raise RuntimeError("not today")


@pytest.fixture
def measures() -> Iterator[Measures]:
    with measured() as measures:
        yield measures


@pytest.fixture(params=[1, 20], ids=["alone", "together"])
async def app(request: pytest.FixtureRequest, measures: Measures) -> AsyncIterator[TestApplication]:
    class Shop(ApplicationAbstract):
        name = "shop"
        modules = (
            ServiceModule("books", handlers=(offer,), consumers=(announce,)),
            ServiceModule("critics", consumers=(Critic().review,)),
        )

    built = builder(Shop).with_setting("messaging.relay.watch_interval", 0.01)
    built.with_setting("messaging.retry", {"base": 0.001, "cap": 0.01})
    built.with_setting("messaging.consumer.batch", request.param)
    async with open_application(built.build()) as app:
        yield app


@pytest.mark.requirement("MSG-13")
async def test_after_a_drain_every_counter_equals_what_was_done(
    app: TestApplication, measures: Measures, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = {"good": 20, "bad": 3, "odd": 4}
    titles = [f"{kind} {number}" for kind, count in wanted.items() for number in range(count)]
    for title in titles:
        await app.application.mediator.send(Offer(title=title))
    await app.settled()

    assert len(app.events) == len(titles) == 27
    app.handled(announce, times=27)
    letters = await app.application.assembly.road.desk().page(DeadLetterQuery())
    assert len(letters) == 3
    # in a common transaction, one that fails is handled alone before its attempt counts as failed
    retries = sum("again: RuntimeError" in record.message for record in caplog.records)
    assert retries <= 4

    books, critics = {GROUP: "shop.books"}, {GROUP: "shop.critics"}
    assert measures.total(SENT, {"error.type": None, DESTINATION: "integration-events.offered"}) == 27
    assert measures.total(SENT) == 27
    assert measures.total(CONSUMED, books) == 27
    assert measures.total(CONSUMED, critics) == 27 + retries
    assert measures.total(DONE, critics | {"chassis.outcome": "ack"}) == 24
    assert (
        measures.total(DONE, critics | {"chassis.outcome": "retry", "error.type": "RuntimeError"}) == retries
    )
    assert measures.total(DONE, critics | {"chassis.outcome": "dead_letter"}) == 3
    assert measures.points(DEAD) == [
        (critics | {DESTINATION: "integration-events.offered", "error.type": "VALIDATION_ERROR"}, 3)
    ]
    assert measures.points(DUPLICATES) == []
    await eventually(lambda: {"chassis.store": "memory"} in [one for one, _ in measures.points(BACKLOG)])
    await eventually(lambda: measures.total(BACKLOG) == measures.total(BLOCKED) == 0)


@pytest.mark.requirement("MSG-13")
async def test_what_comes_again_is_a_duplicate_and_has_no_effect(
    app: TestApplication, measures: Measures
) -> None:
    for title in ("one", "two"):
        await app.application.mediator.send(Offer(title=title))
    await app.settled()
    road = app.application.assembly.road
    writer = writer_for(road.config, source="shop")
    sent = [writer.write(recorded) for recorded in app.events]
    await road.transport.publish([*sent, sent[0]])
    await app.settled()
    app.handled(announce, times=2)
    for group in ("shop.books", "shop.critics"):
        assert measures.total(DUPLICATES, {GROUP: group}) == 3
        assert measures.total(CONSUMED, {GROUP: group}) == 5
    assert measures.total(SENT) == 5
