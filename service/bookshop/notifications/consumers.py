"""What this module makes of the events of others."""

from bookshop.items.events import ItemCreated
from bookshop.notifications.model import Notification
from bookshop.notifications.repository import NotificationRepository
from fastapi_chassis.domain import Clock


async def announce(event: ItemCreated, notifications: NotificationRepository, clock: Clock) -> None:
    """Tells a member that the item is offered now."""
    text = f"Your item “{event.title}” is on offer."
    await notifications.add(Notification(member_id=event.owner_id, text=text, created_at=clock.now()))
