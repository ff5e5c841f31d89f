"""What happens with notifications."""

from uuid import UUID

from bookshop.notifications.commands import AskAboutItem, ReadNotification
from bookshop.notifications.model import Notification
from bookshop.notifications.queries import ListNotifications
from bookshop.notifications.repository import NotificationRepository
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import Clock, NotFoundException, Page


async def list_notifications(
    query: ListNotifications, notifications: NotificationRepository, caller: Principal
) -> Page[Notification]:
    """Answers with a page of what the caller was told."""
    return await notifications.inbox_of(UUID(caller.subject), limit=query.limit, after=query.after)


async def read_notification(
    command: ReadNotification, notifications: NotificationRepository, caller: Principal
) -> None:
    """Marks one as read; somebody else's is not there."""
    found = await notifications.first(id=command.notification_id, member_id=UUID(caller.subject))
    if found is None:
        raise NotFoundException(f"Notification {command.notification_id} was not found")
    found.read()
    await notifications.update(found)


async def ask_about_item(command: AskAboutItem, notifications: NotificationRepository, clock: Clock) -> None:
    """Asks by another notification."""
    text = f"Has your item “{command.title}” found a reader?"
    await notifications.add(Notification(member_id=command.member_id, text=text, created_at=clock.now()))
