"""What may be asked about items."""

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from bookshop.items.model import Item
from fastapi_chassis.application import Query
from fastapi_chassis.domain import Page


class GetItem(Query[Item], requires="items:read"):
    """One item."""

    item_id: UUID


class ListItems(Query[Page[Item]], requires="items:read"):
    """A page of items; filters in the language of the repository."""

    filters: Mapping[str, object] = field(default_factory=dict)
    order: tuple[str, ...] = ("-created_at",)
    limit: int = 20
    after: str | None = None
