"""What can be asked to happen."""

from dataclasses import field
from decimal import Decimal
from uuid import UUID

from fastapi_chassis.application import Command


class CreateItem(Command[UUID], public=True):
    title: str
    owner_id: UUID
    price: Decimal
    meta: dict[str, object] = field(default_factory=dict)


class ImportItems(Command[int], public=True):
    owner_id: UUID
    titles: tuple[str, ...]
    is_active: bool = True
