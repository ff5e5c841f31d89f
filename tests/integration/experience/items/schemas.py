"""What the API shows of an item."""

from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from tests.integration.experience.items.model import Item


class ItemResponse(BaseModel):
    id: UUID
    title: str
    price: Decimal

    @classmethod
    def of(cls, item: Item) -> Self:
        return cls(id=item.id, title=item.title, price=item.price)
