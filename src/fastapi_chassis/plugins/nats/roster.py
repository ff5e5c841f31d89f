"""Roster: which members a group has, as they tell each other, and which parts are whose."""

import time
from collections.abc import Callable

from nats.aio.msg import Msg

from fastapi_chassis.plugins.nats.topology import member_subject
from fastapi_chassis.plugins.nats.wire import Wire

_HERE, _GONE, _FREE = "here", "gone", "free"


class Roster:
    """Hears the other members; who is silent for as long as a lease lasts is gone.

    Args:
        group: whose members they are.
        member: this one.
        seconds: the length of silence.
        changed: is called when parts may change hands.
    """

    def __init__(self, group: str, member: str, seconds: float, changed: Callable[[], None]) -> None:
        self._group, self._member, self._seconds = group, member, seconds
        self._changed = changed
        self._heard: dict[str, float] = {}

    async def listen(self, wire: Wire) -> None:
        """Begins to hear.

        Raises:
            UnavailableException: the connection is lost.
        """
        await wire.listen(member_subject(wire.config.stream, self._group), self._hear)

    async def tell(self, wire: Wire, what: str = _HERE) -> None:
        """Tells the others that this member is there."""
        await wire.send(member_subject(wire.config.stream, self._group), f"{what} {self._member}".encode())

    async def tell_free(self, wire: Wire) -> None:
        """Tells them that a part is free."""
        await self.tell(wire, _FREE)

    async def tell_gone(self, wire: Wire) -> None:
        """Tells them that this member leaves."""
        await self.tell(wire, _GONE)

    def own(self, partitions: int) -> frozenset[int]:
        """Says which parts are this member's, as far as it knows of the others."""
        silent = time.monotonic() - self._seconds
        self._heard = {member: heard for member, heard in self._heard.items() if heard > silent}
        members = sorted({self._member, *self._heard})
        place = members.index(self._member)
        return frozenset(range(place, partitions, len(members)))

    async def _hear(self, message: Msg) -> None:
        what, _, member = message.data.decode("ascii", "replace").partition(" ")
        if member == self._member:
            return
        is_new = member not in self._heard
        if what == _GONE:
            self._heard.pop(member, None)
        else:
            self._heard[member] = time.monotonic()
        if is_new or what != _HERE:
            self._changed()
