"""The folder of the servers that run: one folder each, who uses it, and how to end what nobody uses."""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.cache import remove_folder
from fastapi_chassis.testing.backends.containers import CONTAINER_FILE, remove_container
from fastapi_chassis.testing.backends.errors import BackendFailedError
from fastapi_chassis.testing.backends.locking import LockHeldError, file_lock
from fastapi_chassis.testing.backends.process import ProcessId
from fastapi_chassis.testing.backends.server import recorded_processes

RUN_VARIABLE = "CHASSIS_BACKENDS_RUN"
ADDRESS_FILE = "address.json"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running server answers, and where it came from."""

    url: str
    source: str
    endpoints: dict[str, str]


def run_folder() -> Path:
    """Return the folder of this user's running servers, made when missing; CHASSIS_BACKENDS_RUN moves it.

    Raises:
        BackendFailedError: when somebody else owns it.
    """
    folder = _named_folder()
    # 0711: a server that runs as another user must reach its data folder.
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise BackendFailedError(
            Finding(
                what="belongs to somebody else",
                where=str(folder),
                remedy=f"set {RUN_VARIABLE} to another folder",
            )
        )
    return folder


def run_folder_if_any() -> Path | None:
    """Return the folder if a server ever ran, without making it."""
    folder = _named_folder()
    return folder if folder.exists() else None


class ServerFolder:
    """The place of one server that runs: its address, its processes, and the test processes that use it.

    Args:
        name: of the folder; the backend's name for a shared server.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = run_folder() / name
        me = ProcessId.of(os.getpid())
        self._user = self.path / "users" / f"{me.pid}-{me.started}-{secrets.token_hex(4)}"

    @classmethod
    def private(cls, name: str) -> "ServerFolder":
        """Name a folder that no other test process will ask for."""
        return cls(f"{name}~{os.getpid()}-{secrets.token_hex(4)}")

    @contextlib.contextmanager
    def lock(self, timeout: float = 300.0) -> Iterator[None]:
        """Hold this server: nobody else starts, joins, leaves or stops it.

        Args:
            timeout: seconds to wait for another holder.
        """
        with file_lock(run_folder() / "locks" / self.name.partition("~")[0], timeout=timeout):
            yield

    def make(self) -> None:
        """Make the folder."""
        self.path.mkdir(mode=0o711)
        (self.path / "users").mkdir()

    def address(self) -> Address | None:
        """Return the address; None while it is not ready."""
        file = self.path / ADDRESS_FILE
        if not file.exists():
            return None
        return Address(**json.loads(file.read_text()))

    def publish(self, address: Address) -> None:
        """Write the address for the others."""
        content = {"url": address.url, "source": address.source, "endpoints": address.endpoints}
        file = self.path / ADDRESS_FILE
        file.touch(mode=0o600)
        file.write_text(json.dumps(content))

    def join(self) -> None:
        """Note one more use of the server by this process."""
        self._user.touch()

    def leave(self) -> None:
        """Note the end of this use."""
        self._user.unlink(missing_ok=True)

    def users(self) -> int:
        """Count the uses by living processes; those of dead ones are struck off."""
        living = 0
        for file in (self.path / "users").glob("*"):
            pid, started = file.name.split("-")[:2]
            if ProcessId(int(pid), started).alive:
                living += 1
            else:
                file.unlink(missing_ok=True)
        return living

    def healthy(self) -> bool:
        """Whether it was ready once and each of its processes lives."""
        return self.address() is not None and all(
            process.alive for process, _ in recorded_processes(self.path)
        )

    def end(self) -> None:
        """Stop the server by what is written in its folder, and delete the folder."""
        for process, stop_signal in reversed(recorded_processes(self.path)):
            process.stop(stop_signal)
        container = self.path / CONTAINER_FILE
        if container.exists():
            remove_container(container.read_text())
        if self.path.exists():
            remove_folder(self.path)


def sweep() -> list[str]:
    """End every server that no living process uses; return their names."""
    ended = []
    for path in sorted(run_folder().glob("*")):
        if path.name == "locks" or not path.is_dir():
            continue
        folder = ServerFolder(path.name)
        try:
            with folder.lock(timeout=0.0):
                if path.exists() and folder.users() == 0:
                    folder.end()
                    ended.append(path.name)
        except LockHeldError:
            continue  # somebody starts or leaves it right now
    return ended


def running() -> dict[str, Address]:
    """Return the addresses of the servers that run now, by folder name."""
    found = {}
    for path in sorted(run_folder().glob("*")):
        address = ServerFolder(path.name).address() if path.is_dir() else None
        if address is not None:
            found[path.name] = address
    return found


def _named_folder() -> Path:
    chosen = os.environ.get(RUN_VARIABLE)
    return (
        Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"fastapi-chassis-backends-{os.geteuid()}"
    )
