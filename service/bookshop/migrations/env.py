"""For Alembic's own command line: the database and the tables of the bookshop."""

import asyncio

from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from bookshop.app import Bookshop
from bookshop.items import tables as items
from bookshop.notifications import tables as notifications
from bookshop.users import tables as users
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig


def run(connection: Connection) -> None:
    """Runs the command that was asked for."""
    context.configure(
        connection=connection,
        target_metadata=[users.metadata, items.metadata, notifications.metadata],
        include_name=lambda name, kind, _parents: kind != "table" or not (name or "").startswith("chassis_"),
        transaction_per_migration=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connected(config: SqlAlchemyConfig) -> None:
    """Opens the database for the length of the command."""
    engine = create_async_engine(config.target)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


for plugin in Bookshop().config.plugins.values():
    if isinstance(plugin, SqlAlchemyConfig):
        asyncio.run(connected(plugin))
