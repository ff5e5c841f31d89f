"""Workers: an application in several processes, or in one that starts anew when its source changes."""

import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from time import perf_counter
from types import FrameType

import uvicorn
from uvicorn.supervisors import ChangeReload

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.recipe import OnReady, Recipe, log_as
from fastapi_chassis.app.service_server import run_here
from fastapi_chassis.config import ServerConfig, render_report
from fastapi_chassis.domain import ChassisError, Finding

_log = logging.getLogger("fastapi_chassis.workers")
_LOOK_EVERY = 0.2  # seconds between two looks at the signals
_FAILED = 2
_SPAWN = get_context("spawn")


class WorkerError(ChassisError):
    """A worker process could not start."""


def run_workers(recipe: Recipe, listener: socket.socket, server: ServerConfig, on_ready: OnReady) -> None:
    """Serves in several processes until a signal ends them; one that dies is replaced.

    The first one starts alone, so that what is wrong is told once.

    Raises:
        ChassisError: a worker could not start.
        KeyboardInterrupt: a second Ctrl+C cut the stop short.
    """
    with _ended() as signals:
        workers = [_Worker(recipe, listener, on_ready)]
        try:
            workers[0].wait_ready(signals)
            while not signals:
                workers += [_Worker(recipe, listener) for _ in range(server.workers - len(workers))]
                connection.wait([worker.process.sentinel for worker in workers], timeout=_LOOK_EVERY)
                workers = [worker for worker in workers if not worker.is_gone(signals)]
        finally:
            _stop(workers, signals)


def run_reloading(recipe: Recipe, listener: socket.socket, on_ready: OnReady) -> None:
    """Serves in one process that is replaced whenever the source changes, until a signal ends it."""
    config = uvicorn.Config(recipe.application, reload=True, log_config=None)
    ChangeReload(config, target=partial(_reloaded, recipe, on_ready), sockets=[listener]).run()


class _Worker:
    """One process that serves, and what it says of its start."""

    def __init__(self, recipe: Recipe, listener: socket.socket, on_ready: OnReady | None = None) -> None:
        self._news, said = _SPAWN.Pipe(duplex=False)
        self._is_ready = False
        self.process: SpawnProcess = _SPAWN.Process(
            target=_work, args=(recipe, listener, on_ready, said), name="chassis worker"
        )
        self.process.start()
        said.close()  # the worker's end; with it open here too, its death would go unnoticed

    def wait_ready(self, signals: list[int]) -> None:
        """Waits for the end of its start.

        Raises:
            ChassisError: what kept it from starting.
        """
        while not self._is_ready and not signals:
            if self._news.poll(_LOOK_EVERY) and not signals:
                self._hear()

    def is_gone(self, signals: list[int]) -> bool:
        """Whether it died and another must take its place.

        Raises:
            ChassisError: it died before it was ready, and so would the next one.
        """
        if signals:
            return False
        while not self._is_ready and self._news.poll():
            self._hear()
        if self.process.exitcode is None:
            return False
        _log.error("worker %s ended with %s, another one starts", self.process.pid, self.process.exitcode)
        return True

    def _hear(self) -> None:
        try:
            findings: tuple[Finding, ...] = self._news.recv()
        except EOFError:
            self.process.join()
            what = f"a worker ended with {self.process.exitcode} before it was ready"
            raise WorkerError(
                Finding(what, remedy="see its last lines above, or start with --workers 1")
            ) from None
        if findings:
            raise WorkerError(*findings)
        self._is_ready = True


def _stop(workers: list[_Worker], signals: list[int]) -> None:
    for worker in workers:
        worker.process.terminate()
    asked = len(signals)
    while any(worker.process.is_alive() for worker in workers):
        connection.wait(
            [worker.process.sentinel for worker in workers if worker.process.is_alive()], _LOOK_EVERY
        )
        if signal.SIGINT in signals[asked:]:
            for worker in workers:
                worker.process.kill()
            raise KeyboardInterrupt


def _work(recipe: Recipe, listener: socket.socket, on_ready: OnReady | None, news: Connection) -> None:
    began = perf_counter()

    def ready(application: ApplicationAbstract, url: str, seconds: float) -> None:
        news.send(())
        if on_ready is not None:
            on_ready(application, url, seconds)

    try:
        application = recipe.made()
        log_as(application.config)
        run_here(application, listener, ready, began)
    except ChassisError as fault:
        news.send(fault.findings)
        sys.exit(_FAILED)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _reloaded(recipe: Recipe, on_ready: OnReady, sockets: list[socket.socket] | None) -> None:
    began = perf_counter()
    listener = next(iter(sockets or ()))
    try:
        application = recipe.made()
        log_as(application.config)
        run_here(application, listener, on_ready, began)
    except ChassisError as fault:
        hint = "waiting for a change of the source"
        sys.stderr.write(render_report("the application could not start", fault.findings, hint=hint) + "\n")
        sys.exit(_FAILED)


@contextmanager
def _ended() -> Iterator[list[int]]:
    """Yields the signals that have come."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(number)

    before = {one: signal.signal(one, note) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
