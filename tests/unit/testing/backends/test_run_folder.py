import os

import pytest

from fastapi_chassis.testing.backends import BackendFailedError, open_backend, sweep
from fastapi_chassis.testing.backends.process import ProcessId
from fastapi_chassis.testing.backends.run_folder import (
    RUN_VARIABLE,
    Address,
    ServerFolder,
    run_folder,
    run_folder_if_any,
    running,
)
from fastapi_chassis.testing.backends.server import recorded_processes


def test_no_folder_is_made_by_looking():
    assert run_folder_if_any() is None
    assert run_folder_if_any() is None
    run_folder()
    assert run_folder_if_any() is not None


def test_the_folder_may_be_entered_but_not_listed_by_others():
    assert run_folder().stat().st_mode & 0o777 == 0o711


def test_a_folder_behind_a_link_is_refused(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "link"))
    with pytest.raises(BackendFailedError, match=RUN_VARIABLE):
        run_folder()


def test_an_address_comes_back_and_is_not_readable_for_others():
    folder = ServerFolder("thing")
    folder.make()
    assert folder.address() is None
    address = Address("thing://secret@host", "somewhere", {"admin": "http://host"})
    folder.publish(address)
    assert folder.address() == address
    assert (folder.path / "address.json").stat().st_mode & 0o077 == 0
    assert running() == {"thing": address}


def test_two_uses_by_one_process_are_counted_twice():
    first, second = ServerFolder("thing"), ServerFolder("thing")
    first.make()
    first.join()
    second.join()
    assert first.users() == 2
    second.leave()
    assert first.users() == 1


def test_dead_users_are_struck_off():
    folder = ServerFolder("thing")
    folder.make()
    me = ProcessId.of(os.getpid())
    (folder.path / "users" / f"{me.pid}-0-abcd").touch()
    assert folder.users() == 0
    assert not list((folder.path / "users").iterdir())


def test_sweeping_ends_only_what_nobody_uses(recipe):
    with open_backend(recipe(name="used")), open_backend(recipe(name="orphan")):
        orphan = ServerFolder("orphan")
        for user in (orphan.path / "users").iterdir():
            user.unlink()
        ((process, _),) = recorded_processes(orphan.path)
        assert sweep() == ["orphan"]
        assert not process.alive
        assert list(running()) == ["used"]


def test_sweeping_passes_over_what_somebody_holds():
    folder = ServerFolder("thing")
    folder.make()
    with folder.lock():
        assert sweep() == []
    assert sweep() == ["thing"]


def test_private_folders_differ():
    assert ServerFolder.private("thing").name != ServerFolder.private("thing").name
