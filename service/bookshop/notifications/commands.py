"""What may be asked to be done with notifications."""

from uuid import UUID

from fastapi_chassis.application import AUTHENTICATED, Command


class AskAboutItem(Command[None], requires="notifications:write"):
    """Asks a member what has become of an item."""

    member_id: UUID
    title: str


class ReadNotification(Command[None], requires=AUTHENTICATED):
    """Marks one of the caller's notifications as read."""

    notification_id: UUID
