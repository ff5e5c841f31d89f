"""The questions that this feature asks of its notifications."""

from uuid import UUID

from bookshop.notifications.model import Notification
from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import Page


class NotificationRepository(AbstractRepository[Notification, UUID]):
    """All notifications."""

    async def inbox_of(self, member_id: UUID, *, limit: int, after: str | None) -> Page[Notification]:
        """Returns a page of what a member was told, the newest first."""
        return await self.page(member_id=member_id, order=("-created_at",), limit=limit, after=after)
