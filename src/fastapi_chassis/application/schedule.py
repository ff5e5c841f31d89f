"""Schedule: the port by which a handler sends messages later, or takes them back."""

from datetime import datetime, timedelta
from typing import Protocol

from fastapi_chassis.application.messages import Command
from fastapi_chassis.domain import IntegrationEvent


class Schedule(Protocol):
    """Sends integration events, and commands of this service, with the transaction at hand.

    What is rolled back was never scheduled. A command is handled by this service as the system itself, in a
    transaction of its own and once, however many replicas there are.
    """

    async def send(
        self,
        message: IntegrationEvent | Command[object],
        *,
        in_: timedelta | None = None,
        at: datetime | None = None,
        key: str = "",
        order: str = "",
    ) -> None:
        """Sends a message: after a while, at a time, or with the commit where neither is said.

        Args:
            message: the event or command.
            in_: how long to wait, on the store's clock.
            at: when, with its zone; what lies in the past leaves at once.
            key: names what is scheduled; it takes the place of what waits under this key already.
            order: messages of one order arrive as they left; the key, where nothing is said.
        """
        ...

    async def cancel(self, key: str) -> bool:
        """Takes back what waits under a key; False if nothing does, as when it has left already."""
        ...
