import os
import subprocess
import sys

import pytest

INNER = """
import pytest

@pytest.mark.backends("hydra")
def test_marked():
    raise AssertionError("the test ran")

def test_by_factory(backend):
    backend("hydra")

def test_private(private_backend):
    private_backend("hydra")

def test_unmarked():
    pass
"""


@pytest.fixture
def inner_run(tmp_path):
    """Run pytest with the plugin alone, where nothing provides Hydra, or only a broken program does."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/test_inner.py").write_text(INNER)
    (tmp_path / "inner/pytest.ini").write_text("[pytest]\nmarkers = backends(*names): servers\n")

    def run(**env):
        arguments = (
            "-m",
            "pytest",
            "-q",
            "-rsfE",
            "-p",
            "no:cacheprovider",
            "--tb=short",
            str(tmp_path / "inner"),
        )
        done = subprocess.run(
            (sys.executable, *arguments),
            cwd=tmp_path / "inner",
            env={**os.environ, "PATH": "/nowhere", "DOCKER_HOST": "tcp://127.0.0.1:1", **env},
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.stdout

    return run


@pytest.mark.requirement("TST-3")
def test_a_missing_server_skips_and_says_why(inner_run):
    printed = inner_run()
    assert "1 passed, 3 skipped" in printed
    assert "go is missing" in printed
    assert "CHASSIS_TEST_HYDRA_URL" in printed


@pytest.mark.requirement("TST-3", "MISTAKE-21")
def test_where_backends_are_required_nothing_skips(inner_run):
    printed = inner_run(CHASSIS_REQUIRE_BACKENDS="1")
    assert "skipped" not in printed
    assert "1 passed" in printed
    assert "go is missing" in printed


@pytest.mark.requirement("MISTAKE-21")
def test_a_broken_server_is_an_error_with_its_log(inner_run, tmp_path):
    program = tmp_path / "cache/hydra-2.3.0/hydra"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho no luck today\nexit 1\n")
    program.chmod(0o755)
    printed = inner_run()
    assert "skipped" not in printed
    assert "no luck today" in printed
