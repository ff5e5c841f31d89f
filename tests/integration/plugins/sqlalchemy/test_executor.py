"""An executor does its work on either database, and undoes what failed."""

from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, delete, func, select
from sqlalchemy.exc import IntegrityError

from fastapi_chassis.plugins.sqlalchemy.compiled import Statement
from fastapi_chassis.plugins.sqlalchemy.errors import violated
from tests.integration.plugins.sqlalchemy.accounts import accounts_at, checked_out

NUMBERS = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


def statement(database, element):
    return Statement(element, database.dialect.driver)


@pytest.fixture
async def database(url):
    async with accounts_at(url) as store:
        async with store.database.engine.begin() as connection:
            await connection.run_sync(NUMBERS.create)
        yield store.database
        assert checked_out(store) == 0


@asynccontextmanager
async def transaction(database, *, commit=True):
    executor = await database.begin()
    try:
        yield executor
        if commit:
            await executor.commit()
    finally:
        await executor.close()


def bulk(database):
    return database.dialect.bulk_insert(NUMBERS, {NUMBERS.c.n: bindparam("n", type_=Integer())})


async def stored(database):
    rows = await database.fetch(statement(database, select(NUMBERS.c.n).order_by(NUMBERS.c.n)), {})
    return [n for (n,) in rows]


async def fail_after_an_inner_one(executor, database):
    async with executor.savepoint():
        async with executor.savepoint():
            await executor.write(bulk(database), [(3,)])
        raise LookupError


async def test_what_is_committed_is_stored_and_what_is_not_is_gone(database):
    async with transaction(database) as executor:
        await executor.write(bulk(database), [(1,), (2,)])
        assert await executor.fetch(statement(database, select(func.count()).select_from(NUMBERS)), {}) == [
            (2,)
        ]
    async with transaction(database, commit=False) as executor:
        await executor.write(bulk(database), [(3,)])
    assert await stored(database) == [1, 2]


async def test_a_savepoint_undoes_what_failed_and_keeps_the_rest(database):
    async with transaction(database) as executor:
        await executor.write(bulk(database), [(1,)])
        with pytest.raises(Exception) as told:  # each driver has its own
            async with executor.savepoint():
                await executor.write(bulk(database), [(2,), (1,)])
        assert violated(told.value, NUMBERS) == ("n",)
        with pytest.raises(LookupError):
            await fail_after_an_inner_one(executor, database)
        async with executor.savepoint():
            await executor.write(bulk(database), [(4,)])
    assert await stored(database) == [1, 4]


async def test_it_tells_how_many_rows_were_changed(database):
    async with transaction(database) as executor:
        await executor.write(bulk(database), [(n,) for n in range(250)])
        below = delete(NUMBERS).where(NUMBERS.c.n < bindparam("limit", type_=Integer()))
        assert await executor.execute(statement(database, below), {"limit": 200}) == 200
        assert await executor.execute(statement(database, below), {"limit": 200}) == 0


async def test_work_of_core_takes_part_in_the_transaction(database):
    async with transaction(database, commit=False) as executor:
        await executor.write(bulk(database), [(1,)])
        assert await executor.run(lambda connection: connection.scalar(select(NUMBERS.c.n))) == 1
        await executor.run(lambda connection: connection.execute(NUMBERS.insert(), {"n": 2}))
        with pytest.raises(IntegrityError):
            async with executor.savepoint():
                await executor.run(lambda connection: connection.execute(NUMBERS.insert(), {"n": 2}))
    assert await stored(database) == []
