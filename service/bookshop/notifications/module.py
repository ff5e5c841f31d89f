"""What the feature notifications is made of."""

from bookshop.items.events import with_description
from bookshop.notifications.consumers import announce, remind
from bookshop.notifications.handlers import ask_about_item, list_notifications, read_notification
from bookshop.notifications.model import Notification
from bookshop.notifications.repository import NotificationRepository
from bookshop.notifications.routes import router
from bookshop.notifications.tables import notifications
from bookshop.versions import versioned
from fastapi_chassis.app import ServiceModule

notifications_module = ServiceModule(
    "notifications",
    routers=versioned(router),
    handlers=(list_notifications, read_notification, ask_about_item),
    consumers=(announce, remind),
    upcasters=(with_description,),
    repositories=(NotificationRepository,),
    tables={Notification: notifications},
    permissions=frozenset({"notifications:write"}),
)
