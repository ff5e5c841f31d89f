"""What others may know about items."""

from uuid import UUID

from fastapi_chassis.domain import IntegrationEvent


class ItemCreated(IntegrationEvent):
    """A member offers something new."""

    item_id: UUID
    owner_id: UUID
    title: str
