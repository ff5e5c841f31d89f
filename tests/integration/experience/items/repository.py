"""The questions that this feature asks, once for every store."""

from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from tests.integration.experience.items.model import Item


class ItemRepository(AbstractRepository[Item, UUID]):
    async def newest_of(self, owner_id: UUID, limit: int = 20) -> list[Item]:
        return await self.find(owner_id=owner_id, is_active=True, order=("-created_at",), limit=limit)
