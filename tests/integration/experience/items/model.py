"""Item: rules of the business, no imports but domain."""

from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from fastapi_chassis.domain import BaseAggregate, ValidationException
from tests.integration.experience.items.events import ItemCreated


def now() -> datetime:
    return datetime.now(UTC)


class Item(BaseAggregate):
    title: str
    owner_id: UUID
    price: Decimal
    meta: dict[str, object] = field(default_factory=dict)
    is_active: bool = True
    created_at: datetime = field(default_factory=now)

    @classmethod
    def create(cls, title: str, owner_id: UUID, price: Decimal, meta: dict[str, object]) -> Self:
        if price < 0:
            raise ValidationException("nothing costs less than nothing", errors={"price": ["below 0"]})
        item = cls(title=title, owner_id=owner_id, price=price, meta=meta)
        item.record(ItemCreated(item_id=item.id, title=title))
        return item
