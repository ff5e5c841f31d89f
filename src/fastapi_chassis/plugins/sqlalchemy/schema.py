"""Schema: the tables of a service's entities, and the statements of each repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Table

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import WiringError
from fastapi_chassis.plugins.sqlalchemy.base import LOGINS
from fastapi_chassis.plugins.sqlalchemy.dialects import SqlDialect
from fastapi_chassis.plugins.sqlalchemy.rows import RowMapper
from fastapi_chassis.plugins.sqlalchemy.statements import Statements
from fastapi_chassis.plugins.sqlalchemy.tables import NAMING, findings_of, has_unique, table_for
from fastapi_chassis.security import Login


@dataclass(frozen=True, slots=True)
class Stored:
    """How one repository's entities are stored.

    Args:
        table: where they lie.
        statements: how they are asked for.
        rows: how rows become entities.
        has_unique: whether anything but the identity may be taken.
    """

    table: Table
    statements: Statements
    rows: RowMapper[Any]
    has_unique: bool


# entities of the library whose tables come with its migrations; a module may give another one
OWN_ENTITIES: Mapping[type, Table] = {Login: LOGINS}


class Schema:
    """What is known of a database before anything is connected.

    Args:
        dialect: how the database is asked.
    """

    def __init__(self, dialect: SqlDialect) -> None:
        self.metadata = MetaData(naming_convention=NAMING)
        self._dialect = dialect
        self._given: dict[type, Table] = {}
        self._stored: dict[type, Stored] = {}

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of all entities, derived and given, and those that stand beside the given ones."""
        written = {table.metadata: None for table in self._given.values()}
        return tuple(table for metadata in (self.metadata, *written) for table in metadata.sorted_tables)

    def stored(self, repository: type[AbstractRepository[Any, Any]]) -> Stored:
        """Returns how a repository's entities are stored.

        Raises:
            WiringError: its table does not fit the entity; every fault is named.
        """
        found = self._stored.get(repository)
        if found is None:
            found = self._stored[repository] = self._store(repository)
        return found

    def _store(self, repository: type[AbstractRepository[Any, Any]]) -> Stored:
        entity, identity = repository.entity, repository.identity
        table = self._table(repository)
        statements = Statements(entity, table, identity, self._dialect)
        return Stored(table, statements, RowMapper(entity), has_unique(table))

    def _table(self, repository: type[AbstractRepository[Any, Any]]) -> Table:
        entity, identity = repository.entity, repository.identity
        given: Table | None = getattr(repository, "table", None)
        given = self._given.get(entity) if given is None else given
        if given is None and entity in OWN_ENTITIES:
            return OWN_ENTITIES[entity]
        if given is None:
            return table_for(entity, self.metadata, identity=identity, unique=repository.unique)
        findings = findings_of(entity, given, identity, self._dialect.name)
        if findings:
            raise WiringError(*findings)
        self._given[entity] = given
        return given
