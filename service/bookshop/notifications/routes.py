"""The HTTP routes of notifications."""

from uuid import UUID

from fastapi import APIRouter, Depends

from bookshop.callers import LoggedIn
from bookshop.notifications.commands import ReadNotification
from bookshop.notifications.queries import ListNotifications
from bookshop.notifications.schemas import NotificationPage, NotificationResponse
from fastapi_chassis.api import Inject, PageParams, problem_responses, strict_query
from fastapi_chassis.application import Mediator
from fastapi_chassis.security import Authenticated

router = APIRouter(
    prefix="/notifications",
    tags=["notifications"],
    dependencies=[LoggedIn, Authenticated, Depends(strict_query)],
    responses=problem_responses(422),
)


@router.get("/")
async def list_notifications(page: PageParams, mediator: Inject[Mediator]) -> NotificationPage:
    """Lists what the caller was told, the newest first."""
    found = await mediator.send(ListNotifications(limit=page.limit, after=page.after))
    return NotificationPage.of(found, NotificationResponse.of)


@router.post("/{notification_id}/read", status_code=204, responses=problem_responses(404, 409))
async def read_notification(notification_id: UUID, mediator: Inject[Mediator]) -> None:
    """Marks one as read."""
    await mediator.send(ReadNotification(notification_id=notification_id))
