"""RepositoryPrimitives: the few things that a store does, below the surface of every repository."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence

from fastapi_chassis.application.selection import Selection
from fastapi_chassis.domain import Criterion


class RepositoryPrimitives[Entity, Key](ABC):
    """What a store fills; everything that it gets was checked, and the surface does the rest.

    After an exception nothing of the call is stored, and the transaction stays usable.
    """

    @abstractmethod
    async def _get(self, key: Key) -> Entity | None:
        """Reads one by identity."""

    @abstractmethod
    async def _select(self, selection: Selection) -> list[Entity]:
        """Reads the matches."""

    async def _project(self, selection: Selection, names: Sequence[str]) -> list[tuple[object, ...]]:
        """Reads these fields of the matches; a store that need not read the others overrides this."""
        found = await self._select(selection)
        return [tuple(getattr(entity, name) for name in names) for entity in found]

    @abstractmethod
    def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        """Reads the matches bit by bit."""

    @abstractmethod
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        """Counts the matches."""

    async def _exists(self, criteria: Sequence[Criterion]) -> bool:
        return bool(await self._select(Selection(tuple(criteria), limit=1)))

    @abstractmethod
    async def _insert(self, entities: Sequence[Entity]) -> None:
        """Writes new ones with version 1; all or none."""

    @abstractmethod
    async def _update(self, entities: Sequence[Entity]) -> None:
        """Writes each with its version plus one where the stored version is its own; see `_lost`."""

    @abstractmethod
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        """Writes each whether it is there or not and returns the versions that were written."""

    @abstractmethod
    async def _remove(self, entity: Entity) -> None:
        """Removes one where the stored version is its own; see `_lost`."""

    @abstractmethod
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        """Removes the matches."""
