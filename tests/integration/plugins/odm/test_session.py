"""What a unit of work keeps to itself, what it sends, and when it refuses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from fastapi_chassis.application import TransactionRequiredError
from fastapi_chassis.domain import AlreadyExistsException, UnavailableException
from fastapi_chassis.plugins.odm import (
    DocumentDatabase,
    ODMConfig,
    ODMIndexes,
    ODMSession,
    ODMStore,
    open_odm,
)
from fastapi_chassis.plugins.odm.layout import CARRIER
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]


async def test_nothing_is_written_outside_of_a_unit_of_work(store: ODMStore) -> None:
    session = ODMSession(store.documents)
    for refused in (
        lambda: session.carry("_notes", [{"key": "a"}]),
        lambda: session.claim("a"),
        session.must_be_open,
    ):
        with pytest.raises(TransactionRequiredError):
            refused()
    with pytest.raises(TransactionRequiredError):
        await session.hold("a")


async def test_what_travels_without_an_aggregate_has_a_carrier(store: ODMStore) -> None:
    session = ODMSession(store.documents)
    await session.begin()
    session.carry("_notes", [{"key": "first"}])
    session.carry("_notes", [{"key": "second"}])
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0
    await session.commit()
    (carrier,) = await store.documents.mongo[CARRIER].find().to_list()
    assert [note["key"] for note in carrier["_notes"]] == ["first", "second"]
    assert not session.is_open


async def test_what_travels_with_an_aggregate_is_in_its_document(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        order = await store.repository(OrderRepository)(work).add(Order(number=1))
        work.session.carry("_notes", [{"key": "mine"}])
        await work.commit()
    found = await store.documents.mongo["order"].find_one({"_id": order.id})
    assert found is not None
    assert [note["key"] for note in found["_notes"]] == ["mine"]
    assert await store.documents.mongo[CARRIER].count_documents({}) == 0


async def test_a_claim_is_given_up_at_the_end(store: ODMStore) -> None:
    first, second = ODMSession(store.documents), ODMSession(store.documents)
    await first.begin()
    await second.begin()
    assert first.claim("answer 1")
    assert not second.claim("answer 1")
    await first.end()
    assert second.claim("answer 1")
    await second.end()


async def test_who_holds_is_waited_for_and_not_for_ever(store: ODMStore) -> None:
    store.documents.config = store.documents.config.model_copy(update={"lock_timeout": 0.1})
    first, second = ODMSession(store.documents), ODMSession(store.documents)
    await first.begin()
    await second.begin()
    await first.hold("order 1")
    with pytest.raises(UnavailableException):
        await second.hold("order 1")
    waiting = asyncio.create_task(second.hold("order 1"))
    await asyncio.sleep(0.02)
    await first.end()
    await waiting
    await second.end()


async def test_what_is_not_committed_is_forgotten(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        await store.repository(OrderRepository)(work).add(Order(number=1))
        work.session.carry("_notes", [{"key": "mine"}])
    for name in ("order", CARRIER):
        assert await store.documents.mongo[name].count_documents({}) == 0


class Sent(CommandListener):
    """Writes down the commands that a server is sent."""

    def __init__(self) -> None:
        self.commands: list[Mapping[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    @property
    def names(self) -> list[str]:
        return [next(iter(command)) for command in self.commands]


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
async def watched(config: ODMConfig, sent: Sent) -> AsyncIterator[ODMStore]:
    store = ODMStore(DocumentDatabase(config, listeners=[sent]))
    store.repository(OrderRepository)
    async with open_odm(store.documents):
        await ODMIndexes(store.documents).migrate()
        sent.commands.clear()
        yield store


async def test_a_commit_is_one_command_whatever_travels(watched: ODMStore, sent: Sent) -> None:
    async with watched.unit_of_work() as work:
        order = await watched.repository(OrderRepository)(work).add(Order(number=1))
        work.session.carry("_notes", [{"key": "mine"}])
        work.session.carry("_outbox", [{"id": "first"}, {"id": "second"}])
        assert set(sent.names) == {"find"}
        sent.commands.clear()
        await work.commit()
    (insert,) = sent.commands
    (document,) = insert["documents"]
    assert (document["_id"], len(document["_notes"]), len(document["_outbox"])) == (order.id, 1, 2)
    assert "autocommit" not in insert
    assert insert["writeConcern"] == {"w": "majority", "j": True}


async def test_with_transactions_all_of_a_unit_is_in_one(watched: ODMStore, sent: Sent) -> None:
    """The server lacks the command that ends a transaction: what is sent is seen all the same."""
    watched.documents.has_transactions = True
    async with watched.unit_of_work() as work:
        orders = watched.repository(OrderRepository)(work)
        assert await orders.count() == 0
        await orders.add_many([Order(number=1), Order(number=2)])
        assert await orders.count() == 2
        with pytest.raises(UnavailableException, match="did not say"):
            await work.commit()
    before, first, *inside, commit = sent.commands
    assert "autocommit" not in before  # a read before the first write takes no transaction
    assert first["startTransaction"] is True
    assert [name for name in sent.names if name in {"insert", "commitTransaction"}] == [
        "insert",
        "commitTransaction",
    ]
    assert not any("startTransaction" in command for command in inside)
    assert {command["autocommit"] for command in (first, *inside, commit)} == {False}
    assert len({command["txnNumber"] for command in (first, *inside, commit)}) == 1
    assert commit["writeConcern"] == {"w": "majority", "j": True}


async def test_with_transactions_what_is_not_committed_is_aborted(watched: ODMStore, sent: Sent) -> None:
    watched.documents.has_transactions = True
    async with watched.unit_of_work() as work:
        await watched.repository(OrderRepository)(work).add(Order(number=1))
    assert sent.names[-1] == "abortTransaction"
    assert "commitTransaction" not in sent.names


async def test_with_transactions_a_refused_write_sends_nothing_and_the_rest_goes_on(
    watched: ODMStore, sent: Sent
) -> None:
    async with watched.unit_of_work() as work:
        await watched.repository(OrderRepository)(work).add(Order(number=1))
        await work.commit()
    watched.documents.has_transactions = True
    sent.commands.clear()
    async with watched.unit_of_work() as work:
        orders = watched.repository(OrderRepository)(work)
        with pytest.raises(AlreadyExistsException):
            await orders.add(Order(number=1))
        assert "insert" not in sent.names
        await orders.add(Order(number=2))
        with pytest.raises(UnavailableException):
            await work.commit()
    assert sent.names[-2:] == ["insert", "commitTransaction"]


class Loan:
    def __init__(self) -> None:
        self.told: list[object] = []

    async def renew(self) -> None:
        self.told.append("renew")

    async def end(self, *, is_done: bool) -> None:
        self.told.append(is_done)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_loan_is_told_of_the_end(store: ODMStore, commits: bool) -> None:
    loan = Loan()
    async with store.unit_of_work() as work:
        work.session.loans.append(loan)
        if commits:
            await work.commit()
    assert loan.told == (["renew", True] if commits else [False])


async def test_what_is_taken_out_again_does_not_travel(store: ODMStore) -> None:
    async with store.unit_of_work() as work:
        work.session.carry("_notes", [{"key": "a"}, {"key": "b"}])
        del work.session.carried("_notes")[0]
        work.session.carry("_outbox", [{"id": "a"}])
        work.session.carried("_outbox").clear()
        await work.commit()
    (carrier,) = await store.documents.mongo["chassis_carrier"].find().to_list()
    assert carrier.keys() == {"_id", "_notes"}
    assert carrier["_notes"] == [{"key": "b"}]
