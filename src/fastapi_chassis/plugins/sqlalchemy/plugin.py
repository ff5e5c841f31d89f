"""SqlAlchemyPlugin: an SQL database as part of an application."""

import logging
from typing import ClassVar, override

from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.config import RootConfig
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.connection import Database, open_sqlalchemy
from fastapi_chassis.plugins.sqlalchemy.health import ping
from fastapi_chassis.plugins.sqlalchemy.migrations.exclusive import MigrationError
from fastapi_chassis.plugins.sqlalchemy.migrations.steps import SqlAlchemyMigrations
from fastapi_chassis.plugins.sqlalchemy.store import SqlAlchemyStore

_log = logging.getLogger("fastapi_chassis.sqlalchemy")


class SqlAlchemyPlugin(PluginAbstract[SqlAlchemyConfig]):
    """Opens the database, brings it up to date where that is wanted, and lends it to repositories.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two databases are configured.
    """

    name = "sqlalchemy"
    config_type = SqlAlchemyConfig
    provides: ClassVar[tuple[type, ...]] = (AsyncEngine,)

    def __init__(self, config: SqlAlchemyConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self._store: SqlAlchemyStore | None = None

    @override
    def store(self) -> SqlAlchemyStore:
        """Returns the store that repositories may live in; nothing is connected before `start`."""
        if self._store is None:
            self._store = SqlAlchemyStore(Database(self.config))
        return self._store

    @override
    def migrations(self) -> SqlAlchemyMigrations:
        """Returns how the schema is brought up to date."""
        place = f"plugins.{self.instance}.migrations"
        return SqlAlchemyMigrations(self.config, self.store().database.schema, place)

    @override
    async def start(self, context: PluginContext) -> None:
        """Opens the database.

        Raises:
            DatabaseAwayError: it can't be reached.
            MigrationError: it is not up to date, or could not be brought there.
        """
        self.migrations().folder()
        database = self.store().database
        engine = await context.enter(open_sqlalchemy(database))
        await self._bring_up_to_date(context.config)
        context.provide(AsyncEngine, engine)
        context.health(self.instance, ping, database)

    async def _bring_up_to_date(self, root: RootConfig) -> None:
        migrations = self.migrations()
        findings = await migrations.pending()
        if findings and self._migrates(root):
            for step in await migrations.migrate():
                _log.info("migrated: %s", step)
            findings = await migrations.pending()
        if findings:
            raise MigrationError(*findings)

    def _migrates(self, root: RootConfig) -> bool:
        return not root.environment.is_production_like if self.config.migrate is None else self.config.migrate
