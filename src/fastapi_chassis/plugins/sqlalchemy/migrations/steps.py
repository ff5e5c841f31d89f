"""SqlAlchemyMigrations: the steps between a database and what a service needs."""

from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.plugins.sqlalchemy.config import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.migrations.commands import downgrade, migrate, revision
from fastapi_chassis.plugins.sqlalchemy.migrations.exclusive import MigrationError
from fastapi_chassis.plugins.sqlalchemy.migrations.pending import pending
from fastapi_chassis.plugins.sqlalchemy.schema import Schema


class SqlAlchemyMigrations:
    """What the command line and the start of the plugin ask for.

    Every step raises MigrationError where the folder of the service's versions is named and not there: its
    tables would be made as if the service had no versions.

    Args:
        config: where the database is and where the service's versions are.
        schema: the tables of its entities.
        setting: the name of the setting that says where the versions are.
    """

    def __init__(
        self, config: SqlAlchemyConfig, schema: Schema, setting: str = "plugins.sqlalchemy.migrations"
    ) -> None:
        self._config = config
        self._schema = schema
        self._setting = setting

    async def migrate(self) -> list[str]:
        """Applies what is missing and tells what it was."""
        return await migrate(self._config, service_migrations=self.folder(), tables=self._schema.tables)

    async def pending(self) -> list[Finding]:
        """Says what is missing."""
        return await pending(self._config, service_migrations=self.folder(), tables=self._schema.tables)

    async def downgrade(self, revision: str) -> list[str]:
        """Goes back to a revision and tells what was undone."""
        return await downgrade(self._config, revision, service_migrations=self.folder())

    async def write(self, message: str) -> Path | None:
        """Writes the version that is missing, where the service's versions are; None if none is.

        Raises:
            MigrationError: no folder is named, or the database is behind the versions that are there.
        """
        folder = self._config.migrations
        if folder is None:
            remedy = "name one, such as migrations: shop/migrations; it is made if it is not there."
            raise MigrationError(Finding("no folder is named for versions", self._setting, remedy))
        return await revision(self._config, message, service_migrations=folder, tables=self._schema.tables)

    def folder(self) -> Path | None:
        """Returns where the service's versions are; None if it has none.

        Raises:
            MigrationError: it is not there.
        """
        folder = self._config.migrations
        if folder is not None and not folder.is_dir():
            remedy = "correct the path, or write the first version with chassis migrate --new."
            raise MigrationError(
                Finding(f"the folder {folder.absolute()} is not there", self._setting, remedy)
            )
        return folder
