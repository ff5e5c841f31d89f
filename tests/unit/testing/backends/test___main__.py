import pytest

from fastapi_chassis.testing.backends import RECIPES
from fastapi_chassis.testing.backends.__main__ import main


def test_the_default_lists_every_backend(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(recipe.name in printed for recipe in RECIPES)


def test_stop_says_what_it_stopped(capsys):
    assert main(["stop"]) == 0
    assert capsys.readouterr().out == "nothing to stop\n"


def test_build_builds_what_is_named_and_fails_when_it_fails(capsys, tmp_path, monkeypatch):
    (tmp_path / "go").write_text("#!/bin/sh\necho undefined: nonsense\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["build", "hydra"]) == 1
    printed = capsys.readouterr().out
    assert "undefined: nonsense" in printed
    assert "failed: hydra" in printed
    (tmp_path / "go").write_text("#!/bin/sh\n: > hydra\n")
    assert main(["build", "hydra"]) == 0
    assert "1 of 1 ready" in capsys.readouterr().out


def test_what_can_not_be_built_here_is_no_failure(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["build", "hydra"]) == 0
    assert "not here: hydra 2.3.0: go is missing" in capsys.readouterr().out


def test_an_unknown_name_can_not_run(capsys):
    assert main(["build", "oracle"]) == 2
    assert "no backend is called oracle" in capsys.readouterr().out


def test_an_unknown_command_can_not_run():
    with pytest.raises(SystemExit, match="2"):
        main(["explode"])
