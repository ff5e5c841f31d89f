"""Backend: a real server in the hand of a test, shared with the other test processes or its own."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.catalogue import Recipe, recipe_for
from fastapi_chassis.testing.backends.errors import BackendFailedError, BackendUnavailableError
from fastapi_chassis.testing.backends.process import tail
from fastapi_chassis.testing.backends.run_folder import Address, ServerFolder
from fastapi_chassis.testing.backends.server import Handle, ProcessGroup
from fastapi_chassis.testing.backends.source import Launched, Source, State

REQUIRE_VARIABLE = "CHASSIS_REQUIRE_BACKENDS"


@dataclass(frozen=True, slots=True)
class Backend:
    """A server that answers.

    The verbs below block for the time that the server takes; in async code call them through
    `asyncio.to_thread` where clients must go on meanwhile.

    Args:
        name: of the backend.
        url: what its client connects to.
        source: where it came from.
        endpoints: further addresses, such as Hydra's `admin`.
        handle: control over it; only a private server has one.
    """

    name: str
    url: str
    source: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    handle: Handle | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids on this machine; empty for a container."""
        handle = self._control()
        return handle.pids if isinstance(handle, ProcessGroup) else ()

    def start(self) -> None:
        """Start again after `stop` or `kill`, on the same address with the same data."""
        self._control().start()

    def stop(self) -> None:
        """Stop in order."""
        self._control().stop()

    def restart(self) -> None:
        """Stop in order and start again."""
        self._control().stop()
        self._control().start()

    def kill(self) -> None:
        """End at once, as a power cut does (SIGKILL)."""
        self._control().kill()

    def pause(self) -> None:
        """Freeze: connections stay open, and nothing answers (SIGSTOP)."""
        self._control().pause()

    def resume(self) -> None:
        """Go on after a pause (SIGCONT)."""
        self._control().resume()

    def _control(self) -> Handle:
        if self.handle is None:
            raise BackendFailedError(
                Finding(
                    what=f"this {self.name} serves other tests too, so that a test must not stop it",
                    where=self.source,
                    remedy=f'ask for a private one: open_backend("{self.name}", private=True)',
                )
            )
        return self.handle


class open_backend:  # noqa: N801 - used like a function, in `with` and `async with`
    """Open a server for a `with` or `async with` block, yielding a Backend.

    A shared server is started by the first test process that asks, and stopped by the last that leaves.

    Args:
        wanted: the name of the backend, such as "postgresql", or a recipe of your own.
        private: a server of this block alone, which it may stop, kill, pause and restart.

    Raises:
        BackendUnavailableError: when nothing here provides it.
        BackendFailedError: when it was found but does not work.
    """

    def __init__(self, wanted: str | Recipe, *, private: bool = False) -> None:
        self._recipe = recipe_for(wanted) if isinstance(wanted, str) else wanted
        self._private = private
        self._folder: ServerFolder | None = None
        self._handle: Handle | None = None

    def __enter__(self) -> Backend:
        given = given_address(self._recipe)
        if given is not None:
            return self._backend(given)
        source = choose_source(self._recipe)
        name = self._recipe.name
        self._folder = ServerFolder.private(name) if self._private else ServerFolder(name)
        with self._folder.lock():
            address = self._joined(self._folder, source)
        return self._backend(address)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        folder, self._folder = self._folder, None
        if folder is None:
            return
        with folder.lock():
            folder.leave()
            if folder.users() == 0:
                folder.end()
        if isinstance(self._handle, ProcessGroup):
            self._handle.leave()

    async def __aenter__(self) -> Backend:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _joined(self, folder: ServerFolder, source: Source) -> Address:
        if folder.path.exists():
            if folder.users() and not folder.healthy():
                raise _died(folder)
            if folder.users() == 0:
                folder.end()  # left behind by a run that was killed
        if not folder.path.exists():
            folder.make()
            try:
                launched = source.launch(folder.path)
            except BaseException:
                folder.end()
                raise
            self._handle = launched.handle
            folder.publish(_address(launched, source))
        folder.join()
        address = folder.address()
        assert address is not None
        return address

    def _backend(self, address: Address) -> Backend:
        handle = self._handle if self._private else None
        return Backend(self._recipe.name, address.url, address.source, address.endpoints, handle)


def given_address(recipe: Recipe) -> Address | None:
    """Return the address that the environment names; it always wins."""
    url = os.environ.get(recipe.url_variable)
    if not url:
        return None
    endpoints = {name: os.environ.get(recipe.variable(name), "") for name in recipe.endpoints}
    return Address(url, recipe.url_variable, endpoints)


def choose_source(recipe: Recipe) -> Source:
    """Return the first source that is ready; where backends are required, build the first that can be built.

    Raises:
        BackendUnavailableError: with the reason of each source.
    """
    offers = [(source, source.offer()) for source in recipe.sources()]
    for source, offer in offers:
        if offer.state is State.READY:
            return source
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        for source, offer in offers:
            if offer.state is State.BUILDABLE:
                for artifact in source.artifacts:
                    artifact.build()
                return source
    reasons = "; ".join(f"{source.label}: {offer.reason or offer.state}" for source, offer in offers)
    raise BackendUnavailableError(
        Finding(
            what=f"{recipe.name} is not here ({reasons})",
            remedy=f"run make backends, start a Docker engine, or set {recipe.url_variable}",
        )
    )


def check_alive(backend: Backend) -> None:
    """Look after a shared server between tests.

    Raises:
        BackendFailedError: with the end of its logs, when it has died.
    """
    folder = ServerFolder(backend.name)
    if folder.path.exists() and not folder.healthy():
        raise _died(folder)


def _address(launched: Launched, source: Source) -> Address:
    return Address(launched.url, source.label, launched.endpoints)


def _died(folder: ServerFolder) -> BackendFailedError:
    logs = "\n".join(f"--- {log.name}\n{tail(log)}" for log in sorted(folder.path.glob("*.log")))
    return BackendFailedError(
        Finding(
            what=f"{folder.name} died while tests used it", where=str(folder.path), remedy=f"its log:\n{logs}"
        )
    )
