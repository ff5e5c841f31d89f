"""What a database lacks is told before the service works on it."""

from sqlalchemy import inspect

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.plugins.sqlalchemy import (
    Database,
    SqlAlchemyStore,
    migrate,
    open_sqlalchemy,
    pending,
)
from tests.integration.plugins.sqlalchemy.accounts import AccountRepository, config_for

OWN = {"chassis_outbox", "chassis_partitions", "chassis_inbox", "chassis_idempotency"}


async def tables_in(config):
    async with open_sqlalchemy(database := Database(config)):
        return set(await database.read(lambda connection: inspect(connection).get_table_names()))


def tables_of(config, *repositories):
    store = SqlAlchemyStore(Database(config))
    for repository in repositories:
        store.repository(repository)
    return store.database.schema.tables


async def test_a_field_that_the_table_lacks_is_told(url):
    config = config_for(url)
    await migrate(config, tables=tables_of(config, AccountRepository))

    class Account(BaseAggregate):
        email: str
        balance: int = 0
        nickname: str = ""

    (finding,) = await pending(config, tables=tables_of(config, AbstractRepository[Account, object]))
    assert "account has no column nickname" in finding.what
