"""The questions that this feature asks of its items, whichever store holds them."""

from uuid import UUID

from bookshop.items.model import Item
from fastapi_chassis.application import AbstractRepository


class ItemRepository(AbstractRepository[Item, UUID]):
    """All items."""

    async def newest_of(self, owner_id: UUID, limit: int = 20) -> list[Item]:
        """Returns what a member offers, the newest first."""
        return await self.find(owner_id=owner_id, is_active=True, order=("-created_at",), limit=limit)
