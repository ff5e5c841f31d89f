import threading

import pytest

from fastapi_chassis.testing.backends import BackendFailedError, BackendUnavailableError, cache
from fastapi_chassis.testing.backends.cache import Artifact, cache_folder, remove_folder


def thing(make=lambda folder: (folder / "done").touch(), obstacle=lambda: None):
    return Artifact("thing", "1.2", make, obstacle)


def test_a_build_appears_in_a_folder_named_by_its_version(tmp_path):
    assert not thing().built
    assert thing().build() == tmp_path / "cache" / "thing-1.2"
    assert (tmp_path / "cache/thing-1.2/done").exists()
    assert thing().built


def test_two_builders_build_once():
    made = []
    builders = [threading.Thread(target=thing(made.append).build) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(made) == 1


def test_a_failed_build_leaves_nothing_and_can_be_tried_again():
    def fail(folder):
        (folder / "half").touch()
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        thing(fail).build()
    assert [path.name for path in cache_folder().iterdir()] == ["thing-1.2.lock"]
    thing().build()


def test_what_a_killed_build_left_is_removed():
    leftover = cache_folder() / ".thing-1.2.abc"
    leftover.mkdir(parents=True)
    thing().build()
    assert not leftover.exists()


def test_an_obstacle_is_told():
    with pytest.raises(BackendUnavailableError, match="no compiler"):
        thing(obstacle=lambda: "no compiler").build()


def test_a_folder_with_a_mount_in_it_is_never_deleted(tmp_path, monkeypatch):
    folder = tmp_path / "root"
    (folder / "dev").mkdir(parents=True)
    table = tmp_path / "mountinfo"
    table.write_text(f"36 35 0:5 / {folder}/dev rw - devtmpfs devtmpfs rw\n")
    monkeypatch.setattr(cache, "MOUNTS", table)
    with pytest.raises(BackendFailedError, match="mounted"):
        remove_folder(folder)
    assert (folder / "dev").exists()
    table.write_text("")
    remove_folder(folder)
    assert not folder.exists()
