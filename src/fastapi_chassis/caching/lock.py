"""Lock: the port to names that one worker at a time may hold."""

from datetime import timedelta
from typing import Protocol


class Lock(Protocol):
    """Lends names for a while; time is measured where the lock lives, not where it is held.

    A token is the proof of holding a name, and a fence: each is greater than every one before it of that
    name, so a store that remembers the greatest can refuse what a late holder writes. Use it by `hold()`.
    """

    async def acquire(self, name: str, *, ttl: timedelta) -> int | None:
        """Takes a name and returns a token; None, at once, if somebody holds it."""
        ...

    async def renew(self, name: str, token: int, *, ttl: timedelta) -> bool:
        """Holds on to a name for another while; False if it is held no more."""
        ...

    async def release(self, name: str, token: int) -> bool:
        """Gives a name back; False, and no change, if the token holds it no more."""
        ...
