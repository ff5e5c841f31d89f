"""FileClaimCheckStore: payloads as files of a directory, such as one that many machines have mounted."""

import asyncio
import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi_chassis.domain import Clock, SystemClock, UnavailableException, new_id

_HOUR = timedelta(hours=1)
_UNKNOWN = (errno.EINVAL, errno.ENOTSUP)
_SHELF = "%Y%m%dT%H"
_is_shelf = re.compile(r"\d{8}T\d{2}", re.ASCII).fullmatch
_is_name = re.compile(r"\d{8}T\d{2}/[0-9a-f]{32}", re.ASCII).fullmatch


class FileClaimCheckStore:
    """Keeps payloads in folders, one for each hour in which their time is over.

    The directory must be there: of a mount, name a folder within it, so that the service does not write
    beside the mount while that is away.

    Args:
        directory: where the folders are.
        clock: tells which are over.
    """

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self._directory = directory
        self._clock = clock or SystemClock()

    async def put(self, payload: bytes, keep: timedelta) -> str:
        """Writes a file, and returns when it is on the disk.

        Raises:
            UnavailableException: the directory is away, or takes nothing.
        """
        end = self._clock.now().astimezone(UTC) + keep + _HOUR  # at the beginning of which it is over
        name = f"{end.strftime(_SHELF)}/{new_id().hex}"
        await self._off_the_loop(lambda: _written(self._directory, name, payload))
        return name

    async def get(self, name: str) -> bytes | None:
        """Reads a file.

        Raises:
            UnavailableException: the directory is away, or can't be read.
        """
        if not _is_name(name):
            return None
        return await self._off_the_loop(lambda: _read(self._directory, name))

    async def purge(self, *, limit: int) -> int:
        """Removes files of folders whose hour is over, and folders that are empty then.

        Raises:
            UnavailableException: the directory is away.
        """
        now = self._clock.now().astimezone(UTC)
        return await self._off_the_loop(lambda: _purged(self._directory, now, limit))

    async def _off_the_loop[T](self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as fault:
            what = fault.strerror or type(fault).__name__
            raise UnavailableException(f"the directory {self._directory} is away: {what}") from fault


def _written(directory: Path, name: str, payload: bytes) -> None:
    path = directory / name
    with suppress(FileExistsError):
        path.parent.mkdir()
    unfinished = path.with_suffix(".part")
    with unfinished.open("xb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    for folder in (path.parent, directory):
        _sync(folder)


def _sync(folder: Path) -> None:
    """Has the names in a folder outlive a loss of power, where the file system knows how."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in _UNKNOWN:  # such as a share of Windows, which does so by itself
            raise
    finally:
        os.close(descriptor)


def _read(directory: Path, name: str) -> bytes | None:
    try:
        return (directory / name).read_bytes()
    except FileNotFoundError:
        directory.stat()  # where the directory itself is away, nothing is known of the file
        return None


def _purged(directory: Path, now: datetime, limit: int) -> int:
    removed = 0
    for shelf in _over(directory, now):
        for path in _files(shelf):
            if removed == limit:
                return removed
            with suppress(FileNotFoundError):
                path.unlink()
                removed += 1
        with suppress(FileNotFoundError):
            shelf.rmdir()
    return removed


def _files(shelf: Path) -> list[Path]:
    """Lists a folder; another process may purge too, and have removed it."""
    try:
        return list(shelf.iterdir())
    except FileNotFoundError:
        return []


def _over(directory: Path, now: datetime) -> Iterator[Path]:
    this_hour = now.strftime(_SHELF)
    for shelf in sorted(path for path in directory.iterdir() if _is_shelf(path.name)):
        if shelf.name > this_hour:
            return
        yield shelf
