"""Proxy: stands between a client and a server, and does to their connections what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from random import Random
from urllib.parse import urlsplit

from fastapi_chassis.testing.chaos.cuts import Cut
from fastapi_chassis.testing.chaos.link import Link, break_off
from fastapi_chassis.testing.chaos.toxics import Stream, Toxic

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 5.0


class Proxy:
    """A way to a server; `open_proxy` opens one.

    Args:
        host: of the server.
        port: of the server.
        seed: of what toxics leave to chance.
    """

    def __init__(self, host: str, port: int, *, seed: int = 0) -> None:
        self.host = LOOPBACK
        self.port = 0
        self.accepted = 0
        self._server = (host, port)
        self._dice = Random(seed)  # noqa: S311 - chance, not secrecy
        self._toxics: list[Toxic] = []
        self._cuts: list[Cut] = []
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections go through right now."""
        return len(self._links)

    def url_for(self, url: str) -> str:
        """Returns a server's URL with this proxy in the place of host and port."""
        parts = urlsplit(url)
        login, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{login}{at}{self.host}:{self.port}").geturl()

    def add(self, toxic: Toxic) -> None:
        """Makes something wrong, for the connections that are there and for those to come."""
        self._toxics.append(toxic)

    def remove(self, toxic: Toxic) -> None:
        """Makes it right again; what is on its way may still be late."""
        self._toxics.remove(toxic)
        for link in self._links:
            link.reset_if_torn()

    @contextmanager
    def toxic(self, toxic: Toxic) -> Iterator[None]:
        """Makes something wrong for the length of a block."""
        self.add(toxic)
        try:
            yield
        finally:
            self.remove(toxic)

    def cut(
        self, trigger: bytes, *, after: bool = False, stream: Stream = Stream.UPSTREAM, times: int = 1
    ) -> Cut:
        """Breaks a connection when bytes pass; with `after=True` only the answer to them is lost.

        Args:
            trigger: the bytes.
            after: whether they still arrive.
            stream: the way on which they are looked for.
            times: how many connections are broken.
        """
        cut = Cut(trigger, after, stream, times)
        self._cuts.append(cut)
        return cut

    def reset(self) -> None:
        """Breaks every connection that is there: both sides see a reset."""
        for link in self._links:
            link.reset()

    async def down(self) -> None:
        """Breaks every connection and refuses new ones."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for task in self._tasks:
            task.cancel()
        self.reset()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def up(self) -> None:
        """Listens, at the same port as before."""
        if self._listening is None:
            self._listening = await asyncio.start_server(self._accept, self.host, self.port)
            self.port = self._listening.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                server = await asyncio.open_connection(*self._server)
        except OSError:  # a TimeoutError is one
            break_off(writer)
            return
        except asyncio.CancelledError:
            break_off(writer)
            raise
        link = Link((reader, writer), server, toxics=self._wrong, cuts=self._cuts, dice=self._dice)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    def _wrong(self, stream: Stream) -> Sequence[Toxic]:
        return [toxic for toxic in self._toxics if toxic.stream in {None, stream}]


@asynccontextmanager
async def open_proxy(host: str, port: int, *, seed: int = 0) -> AsyncIterator[Proxy]:
    """Opens a way to a server on a free port of this machine, for the length of a block.

    Args:
        host: of the server.
        port: of the server.
        seed: of what toxics leave to chance: the same seed, the same run.
    """
    proxy = Proxy(host, port, seed=seed)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.down()
