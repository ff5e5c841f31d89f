import os

import pytest

from fastapi_chassis.testing.backends import BackendFailedError
from fastapi_chassis.testing.backends.place import HostPlace, RootPlace, give


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "usr/sbin").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "usr/sbin/nats-server").touch()
    me = f"{os.getuid()}:{os.getgid()}"
    (root / "etc/passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\nnats:x:{me}:NATS:/none:/none\n")
    return root


def test_a_root_folder_is_entered_in_a_mount_namespace_of_its_own(root, tmp_path):
    command = RootPlace(root, "nats").command("/usr/sbin/nats-server", "-js", folder=tmp_path, env={"A": "b"})
    assert command.argv[:4] == ("unshare", "--mount", "sh", "-c")
    assert command.argv[5:] == (str(root), str(tmp_path), "nats", "/usr/sbin/nats-server", "-js")
    assert "exec chroot" in command.argv[4]
    assert command.env == {"A": "b"}


def test_a_root_folder_knows_its_programs_and_users(root, tmp_path):
    place = RootPlace(root, "nats")
    assert place.program("nats-server") == "/usr/sbin/nats-server"
    assert place.data(tmp_path) == "/srv/backend"
    place.own(tmp_path)
    with pytest.raises(BackendFailedError, match="postgres is not there"):
        place.program("postgres")
    with pytest.raises(BackendFailedError, match="user postgres"):
        RootPlace(root, "postgres").own(tmp_path)


def test_programs_of_this_machine_are_found_in_the_named_folders(tmp_path):
    program = tmp_path / "server"
    program.touch(mode=0o755)
    place = HostPlace((tmp_path,))
    assert place.program("server") == str(program)
    assert place.data(tmp_path) == str(tmp_path)
    with pytest.raises(BackendFailedError, match="other is not there"):
        place.program("other")


def test_without_root_a_server_runs_as_the_current_user(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    command = HostPlace(user=("nobody",)).command("server", folder=tmp_path)
    assert (command.user, command.group) == (None, None)


def test_with_root_a_server_runs_as_the_first_user_that_exists(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    command = HostPlace(user=("no-such-user", "nobody")).command("server", folder=tmp_path)
    assert command.user not in {None, 0}


def test_giving_reaches_every_file(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    give(tmp_path, os.getuid(), os.getgid())
    assert (tmp_path / "a/b").stat().st_uid == os.getuid()
