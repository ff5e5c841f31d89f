"""Seats: the members of groups that a transport has in this process, until they leave."""

import asyncio
from typing import Protocol

from fastapi_chassis.messaging.transport import Subscribed


class Member(Protocol):
    """A process's part in a group."""

    @property
    def group(self) -> str:
        """The group's name."""
        ...

    @property
    def is_joined(self) -> bool:
        """Whether the broker gives it messages, as far as is known."""
        ...

    async def join(self) -> None:
        """Begins to take messages, or raises."""
        ...

    async def stop(self) -> None:
        """Settles what is being handled, gives back the rest and leaves."""
        ...


class Seats:
    """Knows who has joined and not left."""

    def __init__(self) -> None:
        self._members: set[Member] = set()

    @property
    def absent(self) -> tuple[str, ...]:
        """The groups that get no messages just now."""
        return tuple(member.group for member in self._members if not member.is_joined)

    async def join(self, member: Member) -> Subscribed:
        """Has a member join; its seat is free when it has left, or could not."""
        await member.join()
        self._members.add(member)
        return _Seat(member, self._members)

    async def clear(self) -> None:
        """Stops every member that is still there."""
        await asyncio.gather(*(member.stop() for member in self._members))
        self._members.clear()


class _Seat:
    def __init__(self, member: Member, members: set[Member]) -> None:
        self._member, self._members = member, members

    async def stop(self) -> None:
        """Has the member leave, and frees its seat."""
        try:
            await self._member.stop()
        finally:
            self._members.discard(self._member)
