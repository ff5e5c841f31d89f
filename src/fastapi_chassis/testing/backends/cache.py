"""What is built once and kept: root folders, jars and programs, each in a folder named by its version."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError, BackendUnavailableError
from fastapi_chassis.testing.backends.locking import file_lock

CACHE_VARIABLE = "CHASSIS_BACKENDS_CACHE"
MOUNTS = Path("/proc/self/mountinfo")


def cache_folder() -> Path:
    """Return the folder that holds every build; CHASSIS_BACKENDS_CACHE moves it."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "fastapi-chassis" / "backends"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One thing to build: complete or absent, never half.

    Args:
        name: what it is.
        version: a new version is a new folder.
        make: fills the empty folder that it is given.
        obstacle: says why it can't be built here, or None.
    """

    name: str
    version: str
    make: Callable[[Path], None]
    obstacle: Callable[[], str | None]

    @property
    def path(self) -> Path:
        """The finished folder."""
        return cache_folder() / f"{self.name}-{self.version}"

    @property
    def built(self) -> bool:
        """Whether it is there; the folder appears by one rename at the end."""
        return self.path.is_dir()

    def build(self) -> Path:
        """Build it unless it is there; of several processes one builds and the others wait.

        Raises:
            BackendUnavailableError: when this machine lacks what the build needs.
            BackendFailedError: when the build fails.
        """
        with file_lock(cache_folder() / f"{self.name}-{self.version}.lock"):
            if not self.built:
                self._build()
        return self.path

    def _build(self) -> None:
        reason = self.obstacle()
        if reason is not None:
            raise BackendUnavailableError(Finding(what=reason, where=f"{self.name} {self.version}"))
        for leftover in cache_folder().glob(f".{self.name}-{self.version}.*"):
            remove_folder(leftover)
        folder = Path(tempfile.mkdtemp(prefix=f".{self.name}-{self.version}.", dir=cache_folder()))
        try:
            folder.chmod(0o755)
            self.make(folder)
            folder.rename(self.path)
        finally:
            if folder.exists():
                remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Delete a folder, but never one with something mounted in it: that would delete what is mounted.

    Raises:
        BackendFailedError: when something is mounted below it.
    """
    inside = str(folder.resolve()) + os.sep
    if MOUNTS.exists() and inside in MOUNTS.read_text():
        raise BackendFailedError(
            Finding(what="something is mounted in it", where=str(folder), remedy="unmount it, then delete it")
        )
    shutil.rmtree(folder)
