"""What can be asked."""

from uuid import UUID

from fastapi_chassis.application import Query
from fastapi_chassis.domain import Page
from tests.integration.experience.items.model import Item


class NewestOf(Query[list[Item]], public=True):
    owner_id: UUID
    limit: int = 20


class SearchItems(Query[Page[Item]], public=True):
    text: str
    cursor: str | None = None
    limit: int = 50


class ActiveTitles(Query[list[str]], public=True):
    pass
