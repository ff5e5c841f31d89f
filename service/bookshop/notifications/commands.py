"""What may be asked to be done with notifications."""

from uuid import UUID

from fastapi_chassis.application import AUTHENTICATED, Command


class ReadNotification(Command[None], requires=AUTHENTICATED):
    """Marks one of the caller's notifications as read."""

    notification_id: UUID
