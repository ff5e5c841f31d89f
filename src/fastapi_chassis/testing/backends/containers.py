"""Servers from container images, by testcontainers, where a Docker engine answers."""

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.errors import BackendFailedError
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer, wait_for
from fastapi_chassis.testing.backends.source import Launched, Offer, State

CONTAINER_FILE = "container"
START_SECONDS = 180.0
SOCKETS = ("/var/run/docker.sock", "~/.docker/run/docker.sock", "~/.colima/default/docker.sock")


class EngineContainer(Protocol):
    """What we use of a container of the Docker SDK."""

    @property
    def id(self) -> str | None: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    def start(self) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102
    def kill(self) -> None: ...  # noqa: D102
    def pause(self) -> None: ...  # noqa: D102
    def unpause(self) -> None: ...  # noqa: D102
    def reload(self) -> None: ...  # noqa: D102
    def logs(self, *, tail: int) -> bytes: ...  # noqa: D102
    def remove(self, *, force: bool, v: bool) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ContainerHandle:
    """Control over one container; its port on this machine stays the same over a restart."""

    container: EngineContainer
    ready: Answer

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            BackendFailedError: with the end of its log.
        """
        self.container.start()
        if not wait_for(self.ready, timeout=START_SECONDS, alive=self._alive):
            log = self.container.logs(tail=40).decode(errors="replace")
            raise BackendFailedError(
                Finding(
                    what="the container does not answer",
                    where=str(self.container.id),
                    remedy=f"its log:\n{log}",
                )
            )

    def stop(self) -> None:
        """Stop it in order."""
        self.container.stop()

    def kill(self) -> None:
        """End it at once."""
        self.container.kill()

    def pause(self) -> None:
        """Freeze it."""
        self.container.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self.container.unpause()

    def _alive(self) -> bool:
        self.container.reload()
        return self.container.status not in {"exited", "dead"}


@dataclass(frozen=True, slots=True)
class ContainerSource:
    """A server from an image.

    Args:
        image: name and tag.
        port: that the server listens on inside.
        ready: from the port on this machine to the answer that says that it is up.
        url: from the port on this machine to the address.
        env: environment of the container.
        command: arguments of the image, where it needs some.
        label: what the table of backends calls it.
        endpoints: further ports inside, by the name of their endpoint.
        advertise: from the port on this machine to environment that must name it.
        files: contents by path inside.
    """

    image: str
    port: int
    ready: Callable[[int], Answer]
    url: Callable[[int], str]
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    label: str = "container"
    endpoints: Mapping[str, int] = field(default_factory=dict)
    advertise: Callable[[int], Mapping[str, str]] = lambda _: {}
    files: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()

    def obstacle(self) -> str | None:
        """Say why there are no containers here."""
        return engine_obstacle()

    def offer(self) -> Offer:
        """Ask whether a Docker engine answers."""
        reason = engine_obstacle()
        return Offer(State.READY) if reason is None else Offer(State.ABSENT, reason)

    def launch(self, folder: Path) -> Launched:
        """Run the image on free ports; the container's id is kept in the folder for whoever ends it."""
        from testcontainers.core.config import testcontainers_config
        from testcontainers.core.container import DockerContainer

        # Its reaper would end the server with the process that started it, while other test workers use it.
        testcontainers_config.ryuk_disabled = True
        port = free_port()
        others = {name: free_port() for name in self.endpoints}
        container = DockerContainer(self.image)
        # The loopback address is named, since an engine publishes to the whole network otherwise.
        ports = cast("dict[str, tuple[str, int]]", container.ports)
        ports[str(self.port)] = (LOOPBACK, port)
        ports.update({str(inside): (LOOPBACK, others[name]) for name, inside in self.endpoints.items()})
        for name, value in {**self.env, **self.advertise(port)}.items():
            container = container.with_env(name, value)
        for path, content in self.files.items():
            outside = folder / path.rpartition("/")[2]
            outside.write_text(content)
            container = container.with_volume_mapping(str(outside), path, "ro")
        if self.command:
            container = container.with_command(list(self.command))
        started: EngineContainer = container.start().get_wrapped_container()
        (folder / CONTAINER_FILE).write_text(str(started.id))
        handle = ContainerHandle(started, self.ready(port))
        handle.start()
        addresses = {name: f"http://{LOOPBACK}:{others[name]}" for name in self.endpoints}
        return Launched(self.url(port), handle, addresses)


@cache
def engine_obstacle() -> str | None:
    """Say why containers can't be had here, or None."""
    if not os.environ.get("DOCKER_HOST") and not any(Path(path).expanduser().exists() for path in SOCKETS):
        return "no Docker engine"
    host = urlsplit(os.environ.get("DOCKER_HOST", "")).hostname
    if host not in {None, "localhost", LOOPBACK}:
        return f"the Docker engine is on another machine ({host}), and servers are reached on {LOOPBACK}"
    if importlib.util.find_spec("testcontainers") is None:
        return "testcontainers is not installed (uv sync)"
    docker = importlib.import_module("docker")
    try:
        with contextlib.closing(docker.from_env(timeout=5)) as client:
            client.ping()
    except docker.errors.DockerException as error:
        return f"no Docker engine answers ({type(error).__name__})"
    return None


def remove_container(container_id: str) -> None:
    """Remove a container and its data; one that is gone already is no error."""
    docker = importlib.import_module("docker")
    with (
        contextlib.closing(docker.from_env(timeout=30)) as client,
        contextlib.suppress(docker.errors.NotFound),
    ):
        client.containers.get(container_id).remove(force=True, v=True)
