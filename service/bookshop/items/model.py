"""Item: something that a member offers, and the rules about it."""

from datetime import datetime
from uuid import UUID

from bookshop.items.events import ItemCreated
from fastapi_chassis.domain import BaseAggregate, ForbiddenException, ValueObject

ADMINISTER = "items:administer"


class ItemCard(ValueObject):
    """What every member sees of an item, as it was when it was read."""

    id: UUID
    title: str
    description: str
    owner_id: UUID
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Item(BaseAggregate):
    """Something that a member offers."""

    title: str
    description: str = ""
    owner_id: UUID
    is_active: bool = True
    created_at: datetime
    updated_at: datetime

    @classmethod
    def create(cls, *, title: str, description: str, owner_id: UUID, at: datetime) -> "Item":
        """Offers something new, and says so to the others."""
        item = cls(title=title, description=description, owner_id=owner_id, created_at=at, updated_at=at)
        item.record(ItemCreated(item_id=item.id, owner_id=owner_id, title=title, description=description))
        return item

    def change(self, *, title: str, description: str, is_active: bool, at: datetime) -> None:
        """Replaces what is said about it."""
        self.title = title
        self.description = description
        self.is_active = is_active
        self.updated_at = at

    def card(self) -> ItemCard:
        """Shows it as it is now."""
        return ItemCard(
            id=self.id,
            title=self.title,
            description=self.description,
            owner_id=self.owner_id,
            is_active=self.is_active,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def belongs_to(self, member_id: UUID) -> bool:
        """Whether a member offers it."""
        return self.owner_id == member_id

    def require_owner(self, member_id: UUID, *, is_administrator: bool) -> None:
        """Lets its owner and administrators pass.

        Raises:
            ForbiddenException: it is somebody else's.
        """
        if not (is_administrator or self.belongs_to(member_id)):
            raise ForbiddenException("this item belongs to another member")
