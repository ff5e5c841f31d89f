"""Migrations: bring the tables of the library and of the service up to date, one process at a time."""

from fastapi_chassis.plugins.sqlalchemy.migrations.commands import downgrade, migrate, revision
from fastapi_chassis.plugins.sqlalchemy.migrations.exclusive import MigrationError
from fastapi_chassis.plugins.sqlalchemy.migrations.pending import current, pending
from fastapi_chassis.plugins.sqlalchemy.migrations.steps import SqlAlchemyMigrations

__all__ = ("MigrationError", "SqlAlchemyMigrations", "current", "downgrade", "migrate", "pending", "revision")
