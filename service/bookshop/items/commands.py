"""What may be asked to be done with items."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from bookshop.items.model import Item
from fastapi_chassis.application import Command

type Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Dune, first edition"])]
type Description = Annotated[str, Field(max_length=4_000, examples=["Some traces of sand."])]


class CreateItem(Command[Item], requires="items:write"):
    """Offers something new."""

    title: Title
    description: Description = ""


class ChangeItem(Command[Item], requires="items:write"):
    """Replaces what is said about an item."""

    item_id: UUID
    title: Title
    description: Description = ""
    is_active: bool = True
    expected_version: int | None = None


class RemoveItem(Command[None], requires="items:write"):
    """Takes an item away."""

    item_id: UUID
    expected_version: int | None = None
