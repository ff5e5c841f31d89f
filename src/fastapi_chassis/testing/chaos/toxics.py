"""Toxics: what may be wrong with a network; the names are those of toxiproxy, times are in seconds."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import override


class Stream(StrEnum):
    """One of the two ways of a connection."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


class SeveredError(Exception):
    """A toxic ends the connection.

    Args:
        reset: whether both sides see a reset, rather than an orderly end.
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass(slots=True)
class Flow:
    """One way of one connection, as its toxics see it.

    Args:
        dice: of the proxy, so that a run can be repeated.
        arrived: when the bytes at hand came, on the loop's clock.
        carried: how many bytes have come out.
        swallowed: since when bytes are lost; None while all came through.
    """

    dice: Random
    arrived: float = 0.0
    carried: int = 0
    swallowed: float | None = None


@dataclass(frozen=True, slots=True)
class Toxic:
    """Something that is wrong with one way of the connections, or with both.

    Args:
        stream: to the server, or from it; both where nothing is said.
    """

    stream: Stream | None = field(default=None, kw_only=True)

    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        """Yields what comes out of the bytes that come in, when it does."""
        del flow
        yield data

    async def end(self, flow: Flow) -> None:
        """Returns when the end of the stream may be told."""


@dataclass(frozen=True, slots=True)
class Latency(Toxic):
    """Everything comes later, in its order.

    Args:
        delay: seconds.
        jitter: how much more or less that may be.
    """

    delay: float
    jitter: float = 0.0

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        due = flow.arrived + self.delay + flow.dice.uniform(-self.jitter, self.jitter)
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        yield data


@dataclass(frozen=True, slots=True)
class Bandwidth(Toxic):
    """Only so much gets through.

    Args:
        rate: bytes per second.
    """

    rate: float

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        step = max(1, int(self.rate / 20))
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            await asyncio.sleep(len(piece) / self.rate)
            yield piece


@dataclass(frozen=True, slots=True)
class Slicer(Toxic):
    """What came together comes in small pieces.

    Args:
        average: bytes of a piece.
        variation: how many more or fewer those may be.
        delay: seconds before each piece.
    """

    average: int
    variation: int = 0
    delay: float = 0.0

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        start = 0
        while start < len(data):
            size = max(1, self.average + flow.dice.randint(-self.variation, self.variation))
            await asyncio.sleep(self.delay)
            yield data[start : start + size]
            start += size


@dataclass(frozen=True, slots=True)
class SlowClose(Toxic):
    """The other side hears late that this one has closed.

    Args:
        delay: seconds.
    """

    delay: float

    @override
    async def end(self, flow: Flow) -> None:
        await asyncio.sleep(self.delay)


@dataclass(frozen=True, slots=True)
class Timeout(Toxic):
    """A half-open partition: connections stay, and what is sent is swallowed, even the end of a stream.

    Once the toxic is gone, a connection that lost bytes is reset: no TCP connection ever goes on with a gap.

    Args:
        after: seconds from the first loss until the connection is closed; never by itself where it is 0.
    """

    after: float = 0.0

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        await self.end(flow)
        yield b""

    @override
    async def end(self, flow: Flow) -> None:
        now = asyncio.get_running_loop().time()
        flow.swallowed = now if flow.swallowed is None else flow.swallowed
        if self.after:
            await asyncio.sleep(max(0.0, flow.swallowed + self.after - now))
            raise SeveredError(reset=False)
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class ResetPeer(Toxic):
    """The first bytes that come are answered with a reset of both sides.

    Args:
        after: seconds until then.
    """

    after: float = 0.0

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(self.after)
        yield b""
        raise SeveredError(reset=True)


@dataclass(frozen=True, slots=True)
class LimitData(Toxic):
    """A connection is closed when so much has come through.

    Args:
        limit: bytes since the connection was made.
    """

    limit: int

    @override
    async def carry(self, data: bytes, flow: Flow) -> AsyncGenerator[bytes, None]:
        yield data[: max(0, self.limit - flow.carried)]
        if flow.carried >= self.limit:
            raise SeveredError(reset=False)
