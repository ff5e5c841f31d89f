"""Cuts: a connection that breaks exactly when certain bytes pass, before or after they have arrived."""

import asyncio
from dataclasses import dataclass, field

from fastapi_chassis.testing.chaos.toxics import Stream


@dataclass(slots=True, eq=False)
class Cut:
    """Breaks connections when bytes pass.

    Args:
        trigger: the bytes, such as `b"COMMIT"`.
        after: whether they still arrive; the answer to them is lost then.
        stream: the way on which they are looked for.
        times: how many connections are broken.
        fired: how many were; a test that never fired has proved nothing.
    """

    trigger: bytes
    after: bool = False
    stream: Stream = Stream.UPSTREAM
    times: int = 1
    fired: int = 0
    left: int = field(init=False, repr=False)
    _happened: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        self.left = self.times

    def note(self) -> None:
        """Counts one connection that was broken."""
        self.fired += 1
        self._happened.set()

    async def happened(self, *, within: float = 10.0) -> None:
        """Returns when it has fired.

        Args:
            within: seconds; more is a failure of the test.
        """
        try:
            async with asyncio.timeout(within):
                await self._happened.wait()
        except TimeoutError:
            raise AssertionError(f"{self.trigger!r} did not pass within {within} s") from None


class Watch:
    """One cut on one connection: finds its bytes, even where they come in pieces.

    Args:
        cut: what is waited for.
    """

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self._tail = b""

    def find(self, data: bytes) -> int | None:
        """Returns how many of these bytes come before the trigger; None if nothing is to be broken."""
        seen = self._tail + data
        place = seen.find(self.cut.trigger)
        known = len(self._tail)
        self._tail = seen[-(len(self.cut.trigger) - 1) :] if len(self.cut.trigger) > 1 else b""
        if place < 0 or not self.cut.left:
            return None
        self.cut.left -= 1
        return max(0, place - known)
