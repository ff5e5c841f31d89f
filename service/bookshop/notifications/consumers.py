"""What this module makes of the events of others."""

from datetime import timedelta

from bookshop.items.events import ItemCreated
from bookshop.notifications.commands import AskAboutItem
from bookshop.notifications.model import Notification
from bookshop.notifications.repository import NotificationRepository
from fastapi_chassis.application import Schedule
from fastapi_chassis.domain import Clock

PATIENCE = timedelta(days=7)


async def announce(event: ItemCreated, notifications: NotificationRepository, clock: Clock) -> None:
    """Tells a member that the item is offered now."""
    text = f"Your item “{event.title}” is on offer."
    await notifications.add(Notification(member_id=event.owner_id, text=text, created_at=clock.now()))


async def remind(event: ItemCreated, schedule: Schedule) -> None:
    """Asks the member a week later what has become of the item."""
    question = AskAboutItem(member_id=event.owner_id, title=event.title)
    await schedule.send(question, in_=PATIENCE, key=f"item:{event.item_id}")
