"""Notification: something that a member is told."""

from datetime import datetime
from uuid import UUID

from fastapi_chassis.domain import BaseAggregate


class Notification(BaseAggregate):
    """Something that a member is told."""

    member_id: UUID
    text: str
    is_read: bool = False
    created_at: datetime

    def read(self) -> None:
        """Notes that the member has seen it."""
        self.is_read = True
