"""What others may know about items."""

from uuid import UUID

from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import upcaster


class ItemCreated(IntegrationEvent, version=2):
    """A member offers something new."""

    item_id: UUID
    owner_id: UUID
    title: str
    description: str


@upcaster(ItemCreated, from_version=1)
def with_description(data: dict[str, object]) -> dict[str, object]:
    """Version 1 told no description."""
    return {**data, "description": ""}
