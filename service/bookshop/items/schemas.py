"""How items look over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from bookshop.items.commands import Description, Title
from bookshop.items.model import Item, ItemCard
from fastapi_chassis.api import Filters, PageResponse


class ItemBody(BaseModel):
    """What its owner says about an item; the whole of it."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Description = ""
    is_active: bool = Field(default=True, description="Whether it is on offer.")


class ItemResponse(BaseModel):
    """An item, as every member sees it."""

    id: UUID
    title: str = Field(examples=["Dune, first edition"])
    description: str = Field(examples=["Some traces of sand."])
    owner_id: UUID
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, item: Item | ItemCard) -> Self:
        """Shows an item."""
        return cls(
            id=item.id,
            title=item.title,
            description=item.description,
            owner_id=item.owner_id,
            is_active=item.is_active,
            created_at=item.created_at,
            updated_at=item.updated_at,
        )


ItemPage = PageResponse[ItemResponse]

ItemFilters = Annotated[
    dict[str, object],
    Depends(
        Filters(
            Item,
            allow={
                "title": ("e", "ilike"),
                "owner_id": ("e", "in"),
                "is_active": ("e",),
                "created_at": ("gte", "lt"),
            },
            order=("created_at", "title"),
        )
    ),
]
