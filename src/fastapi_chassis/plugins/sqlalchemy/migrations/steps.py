"""SqlAlchemyMigrations: the steps between a database and what a service needs."""

from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.migrations.commands import downgrade, migrate, revision
from fastapi_chassis.plugins.sqlalchemy.migrations.pending import pending
from fastapi_chassis.plugins.sqlalchemy.schema import Schema


class SqlAlchemyMigrations:
    """What the command line and the start of the plugin ask for.

    Args:
        config: where the database is and where the service's versions are.
        schema: the tables of its entities.
    """

    def __init__(self, config: SqlAlchemyConfig, schema: Schema) -> None:
        self._config = config
        self._schema = schema

    async def migrate(self) -> list[str]:
        """Applies what is missing and tells what it was."""
        return await migrate(
            self._config, service_migrations=self._config.migrations, tables=self._schema.tables
        )

    async def pending(self) -> list[Finding]:
        """Says what is missing."""
        return await pending(
            self._config, service_migrations=self._config.migrations, tables=self._schema.tables
        )

    async def downgrade(self, revision: str) -> list[str]:
        """Goes back to a revision and tells what was undone."""
        return await downgrade(self._config, revision, service_migrations=self._config.migrations)

    async def write(self, message: str) -> Path | None:
        """Writes the version that is missing, where the service's versions are; None if none is."""
        folder = self._config.migrations or Path("migrations")
        return await revision(self._config, message, service_migrations=folder, tables=self._schema.tables)
