"""A lock between processes on a file: one builder, one starter at a time."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError

POLL_SECONDS = 0.05


class LockHeldError(BackendFailedError):
    """Another process kept the lock for longer than we waited."""


@contextmanager
def file_lock(path: Path, *, timeout: float = 900.0) -> Iterator[None]:
    """Hold the lock file; the kernel frees it when the process dies, however it dies.

    Args:
        path: the lock file; made when missing, never deleted.
        timeout: seconds to wait for the other holder.

    Raises:
        LockHeldError: when the other holder kept it for longer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with path.open("a") as file:
        while not _taken(file.fileno()):
            if time.monotonic() > deadline:
                raise LockHeldError(
                    Finding(
                        what=f"another process has held the lock for more than {timeout:.0f} s",
                        where=str(path),
                        remedy="see who holds it (fuser), end that process, and try again",
                    )
                )
            time.sleep(POLL_SECONDS)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
