"""Server: uvicorn with a drain, so that a stop fails no request that was accepted."""

import asyncio
import select
import signal
import socket
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Protocol, cast, override

import uvicorn

from fastapi_chassis.app.door import turn_away, welcome
from fastapi_chassis.config import ServerConfig

_HANDSHAKE = 0.2  # seconds for connections that are half open when the door closes
_SILENCE = 1.0  # seconds without a request after which nobody is about to send one
_LOOK_EVERY = 0.02


class Cycle(Protocol):
    """One request and its response, in uvicorn's words."""

    response_started: bool
    response_complete: bool
    keep_alive: bool


class HttpConnection(Protocol):
    """A connection that carries requests, in uvicorn's words; a WebSocket is none."""

    cycle: Cycle | None
    transport: asyncio.Transport
    timeout_keep_alive: int
    timeout_keep_alive_task: asyncio.TimerHandle | None

    def shutdown(self) -> None:
        """Closes it, or has its last response close it."""
        ...


class DrainingServer(uvicorn.Server):
    """Serves until a signal, then in this order: not ready, drain, close the door, finish, stop.

    Args:
        config: the server's settings.
        drain_delay: seconds during which new connections are still welcome after readiness turned 503, so
            that balancers look away first.
        on_drain: called once, when the drain begins; to requests that come later, the application says that
            the connection closes.
    """

    def __init__(self, config: uvicorn.Config, *, drain_delay: float, on_drain: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain_delay = drain_delay
        self._on_drain = on_drain
        self._drain_began = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._captured_signals.append(sig)
        if self._drain_began:
            self.force_exit = self.force_exit or (self.should_exit and sig == signal.SIGINT)
            self.should_exit = True
            return
        self._begin_drain()
        if self._loop is None or not self.started or self._drain_delay <= 0:
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_delay, self._end)

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        for listener in sockets or ():
            welcome(listener)
        await super().startup(sockets)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if not self._drain_began:
            self._begin_drain()
        loop = asyncio.get_running_loop()
        limit = self.config.timeout_graceful_shutdown
        deadline = loop.time() + (float("inf") if limit is None else limit)
        await self._close_door(sockets or [])
        await self._finish_requests(deadline)
        if limit is not None:
            self.config.timeout_graceful_shutdown = max(0, round(deadline - loop.time()))
        await super().shutdown(sockets)

    def _begin_drain(self) -> None:
        self._drain_began = True
        self._on_drain()
        for connection in self._connections():
            if connection.cycle is not None and not connection.cycle.response_started:
                connection.cycle.keep_alive = False

    def _end(self) -> None:
        self.should_exit = True

    async def _close_door(self, sockets: Iterable[socket.socket]) -> None:
        own = [listener for server in self.servers for listener in server.sockets]
        if any([turn_away(listener) for listener in sockets or own]):  # noqa: C419 - every one, not the first
            await asyncio.sleep(_HANDSHAKE)
        until = asyncio.get_running_loop().time() + _HANDSHAKE
        while _readable(own) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()

    async def _finish_requests(self, deadline: float) -> None:
        """Waits for what runs and for what may be about to come: only a silent connection is closed."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (held := self._connections()) and not self.force_exit and loop.time() < deadline:
            for connection in held:
                idle_since = _idle_since(connection, began)
                if (
                    idle_since is not None
                    and loop.time() - idle_since >= _SILENCE
                    and not _is_busy(connection)
                ):
                    connection.shutdown()
            await asyncio.sleep(_LOOK_EVERY)

    def _connections(self) -> list[HttpConnection]:
        held = self.server_state.connections
        return [cast("HttpConnection", one) for one in held if hasattr(one, "timeout_keep_alive_task")]


def _idle_since(connection: HttpConnection, began: float) -> float | None:
    """Tells since when nothing was asked, or None while a request runs or is just being read."""
    timer = connection.timeout_keep_alive_task
    if connection.cycle is None:
        return began
    if not connection.cycle.response_complete or timer is None:
        return None
    return timer.when() - connection.timeout_keep_alive


def _is_busy(connection: HttpConnection) -> bool:
    """Whether something has arrived that was not read yet."""
    held = connection.transport.get_extra_info("socket")
    return held is not None and held.fileno() >= 0 and _readable([cast("socket.socket", held)])


def _readable(sockets: Iterable[socket.socket]) -> bool:
    poll = select.poll()
    for one in sockets:
        poll.register(one.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def uvicorn_config(app: Callable[..., object], server: ServerConfig) -> uvicorn.Config:
    """Turns the settings into uvicorn's; logging and access lines are the chassis' own."""
    return uvicorn.Config(
        app,
        host=server.host,
        port=server.port,
        workers=server.workers,
        log_config=None,
        access_log=False,
        proxy_headers=server.proxy_headers,
        forwarded_allow_ips=list(server.forwarded_allow_ips),
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=max(1, round(server.graceful_timeout)),
        lifespan="on",
    )


def open_listener(host: str, port: int) -> socket.socket:
    """Binds the address before anything else starts, so that a port in use is known at once.

    Raises:
        OSError: the address can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 - the socket's own name for it
    return listener
