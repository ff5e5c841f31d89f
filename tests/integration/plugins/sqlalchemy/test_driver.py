"""What is sent to PostgreSQL, and what happens to a connection whose answer nobody waited for."""

import asyncio
import logging
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid, bindparam, func, select, text

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import AlreadyExistsException, BaseAggregate, UnavailableException
from fastapi_chassis.plugins.sqlalchemy import Database, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.compiled import Statement
from fastapi_chassis.plugins.sqlalchemy.driver import COPIED
from tests.integration.plugins.sqlalchemy.accounts import (
    Account,
    accounts_at,
    add,
    checked_out,
    config_for,
    count,
    repository,
)

pytestmark = pytest.mark.backends("postgresql")


@pytest.fixture
async def store(postgresql_url):
    async with accounts_at(postgresql_url, echo=True) as store:
        yield store


@pytest.fixture
def sent(caplog):
    """What the driver sends, since the last call."""
    caplog.set_level(logging.INFO, "fastapi_chassis.sqlalchemy")

    async def sent():
        await asyncio.sleep(0)  # the driver tells its loggers when it has its answer
        found = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return found

    return sent


def question(store, element):
    return Statement(element, store.database.dialect.driver)


def sleep(store):
    asked = question(store, select(func.pg_sleep(bindparam("seconds"))))
    return store.database.fetch(asked, {"seconds": 5})


@pytest.mark.requirement("REP-5")
async def test_a_read_outside_of_a_transaction_is_one_statement(store, sent):
    await add(store, account := Account(email="a"))
    accounts = repository(store, store.unit_of_work())
    await sent()
    await accounts.get(account.id)
    (statement,) = await sent()
    assert statement.startswith("SELECT account.id")
    await accounts.count(email="a")
    assert len(await sent()) == 1


async def test_a_command_sends_no_more_than_it_must(store, sent):
    async with store.unit_of_work() as work:
        await sent()
        await repository(store, work).add(Account(email="a"))
        await work.commit()
    begin, insert, commit = await sent()
    assert (begin, insert.split()[:3], commit) == (
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        ["INSERT", "INTO", "account"],
        "COMMIT",
    )


@pytest.mark.requirement("REP-5")
async def test_a_transaction_behind_pgbouncer_brings_its_time_outs_along(postgresql_url):
    changes = {"pgbouncer": True, "prepared_statements": False, "statement_timeout": 3, "command_timeout": 4}
    async with accounts_at(postgresql_url, **changes) as store:
        async with store.unit_of_work() as work:
            await repository(store, work).add(Account(email="a"))
            shown = await work.session.write(
                lambda connection: connection.scalar(text("SHOW statement_timeout"))
            )
            await work.commit()
        assert shown == "3s"
        assert await count(store) == 1


@pytest.mark.requirement("REP-5")
async def test_a_read_that_is_given_up_poisons_no_connection(store):
    await add(store, Account(email="a"))
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sleep(store), 0.02)
        assert await count(store) == 1
    assert checked_out(store) == 0
    asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    async with asyncio.timeout(3):  # the server was told to give up as well
        while await store.database.read(
            lambda connection: connection.scalar(text(asked + " AND state = 'active'"))
        ):
            await asyncio.sleep(0.02)


@pytest.mark.requirement("REP-5")
async def test_a_write_that_is_given_up_is_never_committed(store):
    async with store.unit_of_work() as work:
        accounts = repository(store, work)
        await accounts.add(Account(email="a"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                work.session.write(lambda connection: connection.execute(text("SELECT pg_sleep(5)"))), 0.02
            )
        with pytest.raises(UnavailableException):
            await work.commit()
    assert await count(store) == 0
    assert checked_out(store) == 0


async def test_a_value_that_the_driver_can_not_send_is_no_reason_to_connect_anew(store):
    asked = question(store, select(func.pg_backend_pid(), bindparam("n", type_=BigInteger())))
    ((before, _),) = await store.database.fetch(asked, {"n": 1})
    with pytest.raises(Exception, match="can't be stored"):
        await store.database.fetch(asked, {"n": 2**70})
    ((after, _),) = await store.database.fetch(asked, {"n": 1})
    assert after == before


class Note(BaseAggregate):
    line: str


TABLES = MetaData()
NOTES = Table(
    "notes",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("line", Text, nullable=False, unique=True),
    Column("made_by", Text, nullable=False, default=lambda: "python"),
    Column("changed_by", Text, onupdate=lambda: "python"),
)
PLAIN = Table(
    "plain",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("line", Text, nullable=False, unique=True),
)


def notes(number):
    return [Note(line=f"{position}") for position in range(number)]


@pytest.mark.parametrize("number", [1, 2, COPIED + 1])
async def test_defaults_that_python_makes_are_made(store, number):
    async with store.database.engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
    bound = store.repository(AbstractRepository[Note, UUID], NOTES)
    async with store.unit_of_work() as work:
        made = await bound(work).add_many(notes(number))
        await bound(work).update_many(made)
        await work.commit()
    asked = select(func.count()).where(NOTES.c.made_by == "python", NOTES.c.changed_by == "python")
    assert await store.database.read(lambda connection: connection.scalar(asked)) == number


async def test_many_rows_are_written_where_copy_is_refused(store, postgresql_url):
    """PostgreSQL copies into a table with row-level security for its owner only."""
    split = urlsplit(postgresql_url)
    async with store.database.engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
        for statement in (
            "CREATE ROLE tenant LOGIN PASSWORD 'tenant'",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant",
            "ALTER TABLE plain ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY everything ON plain USING (true) WITH CHECK (line <> 'forbidden')",
        ):
            await connection.execute(text(statement))
    try:
        as_tenant = urlunsplit(split._replace(netloc=f"tenant:tenant@{split.hostname}:{split.port}"))
        other = SqlAlchemyStore(Database(config_for(as_tenant)))
        bound = other.repository(AbstractRepository[Note, UUID], PLAIN)
        async with other.unit_of_work() as work:
            await bound(work).add_many(notes(COPIED * 2))
            with pytest.raises(AlreadyExistsException):
                await bound(work).add_many(notes(COPIED * 2))
            await work.commit()
        assert await bound(other.unit_of_work()).count() == COPIED * 2
        await other.database.dispose()
    finally:
        async with store.database.engine.begin() as connection:
            await connection.execute(text("DROP OWNED BY tenant"))
            await connection.execute(text("DROP ROLE tenant"))
