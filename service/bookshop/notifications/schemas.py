"""How notifications look over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from bookshop.notifications.model import Notification
from fastapi_chassis.api import PageResponse


class NotificationResponse(BaseModel):
    """Something that the caller is told."""

    id: UUID
    text: str = Field(examples=["Your item “Dune, first edition” is on offer."])
    is_read: bool
    created_at: datetime

    @classmethod
    def of(cls, notification: Notification) -> Self:
        """Shows a notification."""
        return cls(
            id=notification.id,
            text=notification.text,
            is_read=notification.is_read,
            created_at=notification.created_at,
        )


NotificationPage = PageResponse[NotificationResponse]
