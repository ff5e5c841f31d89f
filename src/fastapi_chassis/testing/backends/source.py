"""Where a server can come from: a build of this machine, a wheel, a program on PATH, a container."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.server import Handle, Plan, ProcessGroup


class State(StrEnum):
    """How near a source is."""

    READY = "ready"
    BUILDABLE = "to build"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source can do here, and why not more."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Launched:
    """A server that answers."""

    url: str
    handle: Handle
    endpoints: dict[str, str] = field(default_factory=dict)


class Source(Protocol):
    """One way to a server."""

    @property
    def label(self) -> str:
        """What the table of backends calls it."""
        ...

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """What must be built before."""
        ...

    def obstacle(self) -> str | None:
        """Say why it can't run here, whatever is built; None where it can."""
        ...

    def offer(self) -> Offer:
        """Look what there is; fast, and without changing anything."""
        ...

    def launch(self, folder: Path) -> Launched:
        """Start the server with its data in this folder, and return when it answers."""
        ...


@dataclass(frozen=True, slots=True)
class LocalSource:
    """Processes of this machine.

    Args:
        label: what the table of backends calls it.
        plan: from a folder for data to how the server runs.
        hindrance: says why it can't run here, or None.
        artifacts: what must be built before.
    """

    label: str
    plan: Callable[[Path], Plan]
    hindrance: Callable[[], str | None]
    artifacts: tuple[Artifact, ...] = ()

    def obstacle(self) -> str | None:
        """Say why it can't run here."""
        return self.hindrance()

    def offer(self) -> Offer:
        """Look what there is."""
        reason = self.hindrance()
        if reason is not None:
            return Offer(State.ABSENT, reason)
        missing = [artifact for artifact in self.artifacts if not artifact.built]
        if not missing:
            return Offer(State.READY)
        for artifact in missing:
            reason = artifact.obstacle()
            if reason is not None:
                return Offer(State.ABSENT, reason)
        return Offer(State.BUILDABLE, "make backends")

    def launch(self, folder: Path) -> Launched:
        """Prepare the data folder and start the programs."""
        plan = self.plan(folder)
        plan.prepare()
        group = ProcessGroup(folder, plan.programs)
        group.start()
        return Launched(plan.url, group, dict(plan.endpoints))
