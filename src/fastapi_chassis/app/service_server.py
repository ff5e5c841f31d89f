"""ServiceServer: starts an application, serves it and stops it, as one."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from types import FrameType
from typing import override

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.heap import settled_heap
from fastapi_chassis.app.listening import address_error
from fastapi_chassis.app.recipe import OnReady
from fastapi_chassis.app.server import DrainingServer, uvicorn_config

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ServiceServer(DrainingServer):
    """Serves an application and lives as long as it does; what fails at start is raised as it is.

    Args:
        application: built, and not started.
        on_ready: called once it serves.
        began: when the start began, by `perf_counter`.
    """

    def __init__(self, application: ApplicationAbstract, on_ready: OnReady, began: float) -> None:
        settings = application.config.server
        config = uvicorn_config(application, settings)
        config.lifespan = "off"  # start and stop are called here, where a failure is still an exception
        super().__init__(config, drain_delay=settings.drain_delay, on_drain=application.drain)
        self._application = application
        self._on_ready = on_ready
        self._began = began
        self._stack = ExitStack()
        self.was_cut_short = False

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._application.start()
        self._stack.enter_context(settled_heap())
        try:
            for listener in sockets or ():
                listener.listen(self.config.backlog)  # uvloop would not say that it failed
            await super().startup(sockets)
            if not self.should_exit:
                self._on_ready(self._application, self._url(), perf_counter() - self._began)
        except BaseException as fault:
            self._stack.close()
            await self._application.stop()
            if isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE:
                raise address_error(self._application.config.server, fault) from None
            raise

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().shutdown(sockets)
        finally:
            self._stack.close()
            self.was_cut_short = self.force_exit
            if not self.was_cut_short:
                await self._application.stop()

    def _url(self) -> str:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        return f"http://{shown}:{port}"


def run_here(
    application: ApplicationAbstract, listener: socket.socket, on_ready: OnReady, began: float
) -> None:
    """Serves an application in this process until a signal ends it.

    Raises:
        ChassisError: it could not start.
        KeyboardInterrupt: a second Ctrl+C cut the stop short.
    """
    server = ServiceServer(application, on_ready, began)
    with _handled(server.handle_exit):
        server.run(sockets=[listener])
    if server.was_cut_short:
        raise KeyboardInterrupt


@contextmanager
def _handled(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Has a function take signals also before and after the server does.

    The server raises the signal that stopped it once more when it is done, and with nobody to take it the
    process would die of it: to whoever watches, a clean stop would look like a crash.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, handle) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
