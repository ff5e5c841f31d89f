"""What only files meet: the contract suite tells the rest."""

import errno
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fastapi_chassis.domain import FrozenClock, UnavailableException
from fastapi_chassis.messaging import FileClaimCheckStore

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 21, 14, 30, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, clock: FrozenClock) -> FileClaimCheckStore:
    return FileClaimCheckStore(tmp_path, clock)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def test_payloads_lie_by_the_hour_in_which_their_time_is_over(
    store: FileClaimCheckStore, tmp_path: Path
) -> None:
    name = await store.put(b"payload", DAY)
    assert name.startswith("20261122T15/")
    assert files(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"payload"


@pytest.mark.requirement("MSG-15")
async def test_another_process_finds_them(store: FileClaimCheckStore, tmp_path: Path) -> None:
    name = await store.put(b"payload", DAY)
    assert await FileClaimCheckStore(tmp_path).get(name) == b"payload"


async def test_nothing_outside_of_the_directory_is_read(store: FileClaimCheckStore, tmp_path: Path) -> None:
    name = await store.put(b"payload", DAY)
    inside = FileClaimCheckStore(tmp_path / name.partition("/")[0])
    (tmp_path / "secret").write_bytes(b"secret")
    for odd in (f"../{name}", "../secret", str(tmp_path / "secret"), f"20261122T15/../../{name}"):
        assert await inside.get(odd) is None


@pytest.mark.requirement("MSG-15")
async def test_a_directory_that_is_away_is_no_lost_payload(tmp_path: Path) -> None:
    away = FileClaimCheckStore(tmp_path / "mount" / "payloads")
    for asked in (
        away.put(b"payload", DAY),
        away.get("20261122T15/0123456789abcdef0123456789abcdef"),
        away.purge(limit=1),
    ):
        with pytest.raises(UnavailableException, match="is away"):
            await asked
    assert files(tmp_path) == []


async def test_what_can_not_be_written_is_told_as_such(store: FileClaimCheckStore, tmp_path: Path) -> None:
    (tmp_path / "20261122T15").write_bytes(b"no folder")
    with pytest.raises(UnavailableException, match="is away: Not a directory"):
        await store.put(b"payload", DAY)


async def test_a_purge_takes_what_was_not_finished_and_leaves_what_is_not_ours(
    store: FileClaimCheckStore, tmp_path: Path, clock: FrozenClock
) -> None:
    name = await store.put(b"payload", DAY)
    (tmp_path / name).with_suffix(".part").write_bytes(b"pay")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "ours.txt").write_bytes(b"ours")
    clock.advance(timedelta(hours=24, minutes=29))
    assert await store.purge(limit=10) == 0
    clock.advance(timedelta(minutes=1))
    assert await store.purge(limit=10) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


async def test_of_two_that_purge_at_once_none_fails(
    store: FileClaimCheckStore, tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put(b"payload", DAY)
    clock.advance(2 * DAY)
    unlink = Path.unlink

    def gone_before(path: Path, missing_ok: bool = False) -> None:
        unlink(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", gone_before)
    assert await store.purge(limit=10) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "is_kept"), [(errno.EINVAL, True), (errno.EIO, False)])
async def test_a_file_system_that_can_not_sync_folders_will_do_and_a_broken_one_will_not(
    store: FileClaimCheckStore, monkeypatch: pytest.MonkeyPatch, number: int, is_kept: bool
) -> None:
    fsync = os.fsync

    def of_files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", of_files_only)
    if is_kept:
        assert await store.get(await store.put(b"payload", DAY)) == b"payload"
    else:
        with pytest.raises(UnavailableException):
            await store.put(b"payload", DAY)
