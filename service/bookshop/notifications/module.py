"""What the feature notifications is made of."""

from bookshop.notifications.consumers import announce
from bookshop.notifications.handlers import list_notifications, read_notification
from bookshop.notifications.model import Notification
from bookshop.notifications.repository import NotificationRepository
from bookshop.notifications.routes import router
from bookshop.notifications.tables import notifications
from bookshop.versions import versioned
from fastapi_chassis.app import ServiceModule

notifications_module = ServiceModule(
    "notifications",
    routers=versioned(router),
    handlers=(list_notifications, read_notification),
    consumers=(announce,),
    repositories=(NotificationRepository,),
    tables={Notification: notifications},
)
