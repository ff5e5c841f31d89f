"""What may be asked about notifications."""

from bookshop.notifications.model import Notification
from fastapi_chassis.application import AUTHENTICATED, Query
from fastapi_chassis.domain import Page


class ListNotifications(Query[Page[Notification]], requires=AUTHENTICATED):
    """A page of the caller's notifications."""

    limit: int = 20
    after: str | None = None
