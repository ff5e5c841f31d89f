import os

import pytest

from fastapi_chassis.testing.backends import BackendFailedError, BackendUnavailableError
from fastapi_chassis.testing.backends.go_program import GoProgram

PROGRAM = GoProgram("thing", "example.org/thing/v2", "v2.3.4", {"old/one": "new/one v1.0.0"}, ("sqlite",))


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Put a stand-in for the compiler on PATH that writes its arguments into the program."""
    (tmp_path / "bin").mkdir()

    def install(script):
        file = tmp_path / "bin/go"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return install


def test_replacements_stand_in_the_main_module():
    assert PROGRAM.module_file().splitlines() == [
        "module fastapi-chassis/backends/thing",
        "",
        "go 1.24",
        "",
        "require example.org/thing/v2 v2.3.4",
        "",
        "replace old/one => new/one v1.0.0",
    ]


def test_the_program_lies_in_a_folder_named_by_its_version(go):
    go('echo "$@" > thing')
    folder = PROGRAM.artifact().build()
    assert folder.name == "thing-2.3.4"
    assert (folder / "thing").read_text() == (
        "build -mod=mod -trimpath -tags sqlite -o thing example.org/thing/v2\n"
    )


def test_a_source_of_ours_is_built_instead_of_the_modules_command(go, tmp_path):
    go('cat main.go > thing; echo "$@" >> thing')
    (tmp_path / "ours.go").write_text("package main\n")
    program = GoProgram("thing", "example.org/thing", "v1.0.0", source=tmp_path / "ours.go")
    text = (program.artifact().build() / "thing").read_text()
    assert text.startswith("package main\n")
    assert text.endswith("-o thing .\n")


def test_a_compiler_error_is_shown(go):
    go("echo undefined: nonsense; exit 1")
    with pytest.raises(BackendFailedError, match="undefined: nonsense"):
        PROGRAM.artifact().build()
    assert not PROGRAM.artifact().built


def test_without_go_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendUnavailableError, match="go is missing"):
        PROGRAM.artifact().build()
