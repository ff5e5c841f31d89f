"""What others may know."""

from uuid import UUID

from fastapi_chassis.domain import IntegrationEvent


class ItemCreated(IntegrationEvent, name="experience.item_created"):
    item_id: UUID
    title: str
