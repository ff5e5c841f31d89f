"""A small service on a database, with commands, a query, and a door for each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import text

from fastapi_chassis.api import Inject
from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder, ServiceModule
from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, Command, Mediator, Query
from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.plugins.sqlalchemy import Database, SqlAlchemyPlugin, SqlAlchemySession
from fastapi_chassis.security import Public
from fastapi_chassis.testing import TestApplication, eventually, open_application


class BankAccount(BaseAggregate):
    owner: str
    balance: int = 0


class OpenAccount(Command[UUID], public=True):
    owner: str
    balance: int = 0


class Transfer(Command[int], public=True):
    source: UUID
    target: UUID
    amount: int


class Donate(Command[int], public=True):
    """Gives the sum of all balances to a new account; the sum must be right."""

    owner: str


class Contend(Command[int], public=True):
    """Loses against somebody else, every time."""


class CountAccounts(Query[int], public=True):
    pass


class ShowAccount(Query[int], public=True):
    id: UUID


class Rendezvous:
    """Where the first tries of two handlers meet, so that they are in each other's way for sure."""

    def __init__(self) -> None:
        self.tries: Counter[object] = Counter()
        self._both = asyncio.Barrier(2)

    async def meet(self, who: object) -> None:
        self.tries[who] += 1
        if self.tries[who] == 1:
            await asyncio.wait_for(self._both.wait(), 10)


meeting = Rendezvous()


async def open_account(command: OpenAccount, accounts: AbstractRepository[BankAccount, UUID]) -> UUID:
    return (await accounts.add(BankAccount(owner=command.owner, balance=command.balance))).id


async def transfer(command: Transfer, accounts: AbstractRepository[BankAccount, UUID]) -> int:
    source = await accounts.get(command.source)
    source.balance -= command.amount
    await accounts.update(source)
    await meeting.meet(command.source)
    target = await accounts.get(command.target)
    target.balance += command.amount
    await accounts.update(target)
    return source.balance


async def donate(
    command: Donate, accounts: AbstractRepository[BankAccount, UUID], unit_of_work: AbstractUnitOfWork
) -> int:
    session = unit_of_work.session
    assert isinstance(session, SqlAlchemySession)
    await session.write(lambda c: c.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")))
    found = await accounts.find()
    await meeting.meet(command.owner)
    total = sum(account.balance for account in found)
    await accounts.add(BankAccount(owner=command.owner, balance=total))
    return total


async def contend(command: Contend, unit_of_work: AbstractUnitOfWork) -> int:
    meeting.tries["contend"] += 1
    session = unit_of_work.session
    assert isinstance(session, SqlAlchemySession)
    await session.write(lambda c: c.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")))
    return 0


async def count_accounts(query: CountAccounts, accounts: AbstractRepository[BankAccount, UUID]) -> int:
    return await accounts.count()


async def show_account(query: ShowAccount, accounts: AbstractRepository[BankAccount, UUID]) -> int:
    return (await accounts.get(query.id)).balance


router = APIRouter(dependencies=[Public])


@router.post("/accounts", status_code=201)
async def post_account(command: OpenAccount, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


@router.get("/accounts")
async def get_accounts(mediator: Inject[Mediator]) -> int:
    return await mediator.send(CountAccounts())


@router.get("/accounts/{account_id}")
async def get_account(account_id: UUID, mediator: Inject[Mediator]) -> int:
    return await mediator.send(ShowAccount(id=account_id))


@router.post("/transfers")
async def post_transfer(command: Transfer, mediator: Inject[Mediator]) -> int:
    return await mediator.send(command)


@router.post("/donations")
async def post_donation(command: Donate, mediator: Inject[Mediator]) -> int:
    return await mediator.send(command)


@router.post("/contentions")
async def post_contention(mediator: Inject[Mediator]) -> int:
    return await mediator.send(Contend())


class Bank(ApplicationAbstract):
    name = "bank"
    modules = (
        ServiceModule(
            "accounts",
            routers=(router,),
            handlers=(open_account, transfer, donate, contend, count_accounts, show_account),
        ),
    )


def database_of(app: TestApplication) -> Database:
    (plugin,) = [one for one in app.application.assembly.plugins if isinstance(one, SqlAlchemyPlugin)]
    return plugin.store().database


async def all_given_back(app: TestApplication) -> None:
    """Waits until no connection is in use; a relay uses one now and then."""
    pool = database_of(app).engine.pool
    await eventually(lambda: not pool.checkedout())


@asynccontextmanager
async def open_bank(url: str, *, relay: bool = True, **settings: object) -> AsyncIterator[TestApplication]:
    """The service, running, on a database that has its tables; its relay commits too, if it has one."""
    builder = ApplicationGenericBuilder(Bank).with_sources(environ={}, directory="/nonexistent")
    for name, value in {"url": url, "migrate": True, **settings}.items():
        builder.with_setting(f"plugins.sqlalchemy.{name}", value)
    builder.with_setting("messaging.enable_outbox", relay)
    builder.with_setting("plugins.sqlalchemy.enabled", True).with_setting("logging.level", "ERROR")
    async with open_application(builder.build()) as app:
        yield app
