"""Migrations: what a plugin with a schema offers, so that the command line need not know it."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from fastapi_chassis.domain import Finding


class Migrations(Protocol):
    """The steps between the schema that a database has and the one that the service needs.

    They are asked of a plugin that has not started, and open and close what they need themselves.
    """

    async def migrate(self) -> list[str]:
        """Applies what is missing, the library's own steps first; one process at a time.

        Returns:
            The steps that were taken, in order; none where nothing was missing.
        """
        ...

    async def pending(self) -> list[Finding]:
        """Names what is missing, and changes nothing."""
        ...

    async def downgrade(self, revision: str) -> list[str]:
        """Goes back to a revision.

        Returns:
            The steps that were undone, in order.

        Raises:
            ChassisError: there is no such revision, or no way back to it.
        """
        ...


@runtime_checkable
class MigrationWriter(Protocol):
    """Migrations that can compare the service's entities with the database, and write the step between."""

    async def write(self, message: str) -> Path | None:
        """Writes the step that is missing.

        Args:
            message: what it does, for its name.

        Returns:
            The file, for somebody to read before it is applied; None where nothing is missing.
        """
        ...
