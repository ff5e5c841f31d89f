"""Link: one connection through the proxy, both ways."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from random import Random

from fastapi_chassis.testing.chaos.cuts import Cut, Watch
from fastapi_chassis.testing.chaos.toxics import Flow, SeveredError, Stream, Timeout, Toxic

type End = tuple[asyncio.StreamReader, asyncio.StreamWriter]
type Toxics = Callable[[Stream], Sequence[Toxic]]

PIECE = 65_536
WAITING = 64  # pieces between one side and the other: beyond that the sender is held up
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing is a reset


class Link:
    """A client's connection and the one to the server that belongs to it.

    Args:
        client: the client's end.
        server: the server's end.
        toxics: what is wrong with one way right now.
        cuts: the bytes that break connections.
        dice: for what a toxic leaves to chance.
    """

    def __init__(
        self, client: End, server: End, *, toxics: Toxics, cuts: Sequence[Cut], dice: Random
    ) -> None:
        self._ends = {Stream.UPSTREAM: (client[0], server[1]), Stream.DOWNSTREAM: (server[0], client[1])}
        self._toxics, self._cuts = toxics, cuts
        self._flows = {stream: Flow(dice) for stream in Stream}
        self._watches: dict[Cut, Watch] = {}
        self._ripe: Cut | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_reset = False

    async def run(self) -> None:
        """Carries what comes until both sides have ended, or something breaks the connection."""
        self._task = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as group:
                for stream in Stream:
                    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)
                    group.create_task(self._read(stream, waiting))
                    group.create_task(self._write(stream, waiting))
        except* SeveredError as severed:
            self._is_reset |= any(isinstance(one, SeveredError) and one.reset for one in severed.exceptions)
        except* OSError:
            self._is_reset = True  # one side broke off, and so the other one sees the same
        finally:
            self._close()

    def reset(self) -> None:
        """Breaks the connection: both sides see a reset."""
        self._is_reset = True
        if self._task is not None:
            self._task.cancel()

    def reset_if_torn(self) -> None:
        """Breaks the connection if it has lost bytes and would go on now."""
        for stream, flow in self._flows.items():
            still = any(isinstance(toxic, Timeout) for toxic in self._toxics(stream))
            if flow.swallowed is not None and not still:
                self.reset()

    async def _read(self, stream: Stream, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        loop = asyncio.get_running_loop()
        data = b"?"
        while data:
            data = await self._ends[stream][0].read(PIECE)
            await waiting.put((loop.time(), data))

    async def _write(self, stream: Stream, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        flow, writer = self._flows[stream], self._ends[stream][1]
        while True:
            flow.arrived, data = await waiting.get()
            if not data:
                break
            passing = self._watched(stream, data)
            async for piece in _through(passing, self._toxics(stream), flow):
                flow.carried += len(piece)
                writer.write(piece)
                await writer.drain()
            if len(passing) < len(data):
                raise SeveredError(reset=True)
        for toxic in self._toxics(stream):
            await toxic.end(flow)
        with suppress(OSError):  # the other side was quicker
            writer.write_eof()

    def _watched(self, stream: Stream, data: bytes) -> bytes:
        """Returns what may pass; less than came means that the connection is to be broken then."""
        if self._ripe is not None and self._ripe.stream is not stream:
            self._ripe.note()
            self._ripe = None
            return b""
        for cut in self._cuts:
            if cut.stream is not stream:
                continue
            before = self._watches.setdefault(cut, Watch(cut)).find(data)
            if before is None:
                continue
            if not cut.after:
                cut.note()
                return data[:before]
            self._ripe = cut
        return data

    def _close(self) -> None:
        for _, writer in self._ends.values():
            if self._is_reset:
                break_off(writer)
            else:
                writer.close()


def break_off(writer: asyncio.StreamWriter) -> None:
    """Closes a connection so that the other side sees a reset."""
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None:
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


async def _through(data: bytes, toxics: Sequence[Toxic], flow: Flow) -> AsyncGenerator[bytes, None]:
    if not toxics:
        yield data
        return
    async for piece in toxics[0].carry(data, flow):
        async for one in _through(piece, toxics[1:], flow):
            yield one
