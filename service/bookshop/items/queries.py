"""What may be asked about items."""

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from bookshop.items.model import Item, ItemCard
from fastapi_chassis.application import Query
from fastapi_chassis.domain import Page


class GetItem(Query[Item], requires="items:read"):
    """One item."""

    item_id: UUID


class NewestItems(Query[Page[ItemCard]], requires="items:read"):
    """The first page of all items, the newest first: what most callers ask for."""

    limit: int = 20


class ListItems(Query[Page[ItemCard]], requires="items:read"):
    """A page of items; filters in the language of the repository."""

    filters: Mapping[str, object] = field(default_factory=dict)
    order: tuple[str, ...] = ("-created_at",)
    limit: int = 20
    after: str | None = None
