"""A store that holds nothing and writes down what it is asked: whoever refuses early leaves it empty."""

from collections.abc import AsyncGenerator, Sequence
from typing import cast

from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, Selection
from fastapi_chassis.domain import Criterion


class Recorder[Entity, Key](AbstractRepository[Entity, Key]):
    def __init__(self, unit_of_work: AbstractUnitOfWork | None = None) -> None:
        super().__init__(unit_of_work)
        self.asked: list[object] = []

    async def _get(self, key: Key) -> Entity | None:
        self.asked.append(key)
        return None

    async def _select(self, selection: Selection) -> list[Entity]:
        self.asked.append(selection)
        return []

    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        self.asked.append(selection)
        for entity in cast("tuple[Entity, ...]", ()):
            yield entity

    async def _count(self, criteria: Sequence[Criterion]) -> int:
        self.asked.append(criteria)
        return 0

    async def _insert(self, entities: Sequence[Entity]) -> None:
        self.asked.append(("insert", len(entities)))

    async def _update(self, entities: Sequence[Entity]) -> None:
        self.asked.append(("update", len(entities)))

    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        self.asked.append(("upsert", len(entities)))
        return [7 for _ in entities]

    async def _remove(self, entity: Entity) -> None:
        self.asked.append("remove")

    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        self.asked.append(("delete", criteria))
        return 0
