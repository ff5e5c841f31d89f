import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fastapi_chassis.testing.backends import BackendFailedError, BackendUnavailableError, open_backend
from fastapi_chassis.testing.backends.backend import check_alive, choose_source, given_address
from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.process import ProcessId
from fastapi_chassis.testing.backends.run_folder import ServerFolder
from fastapi_chassis.testing.backends.server import recorded_processes


def answer(url):
    host, _, port = url.removeprefix("little://").partition(":")
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        return connection.recv(16)


def test_a_shared_server_runs_once_and_ends_with_its_last_user(recipe):
    with open_backend(recipe()) as first:
        ((process, _),) = recorded_processes(ServerFolder("little").path)
        with open_backend(recipe()) as second:
            assert second.url == first.url
            assert answer(second.url) == b"READY"
        assert process.alive
    assert not process.alive
    assert not ServerFolder("little").path.exists()


async def test_it_opens_in_async_code_too(recipe):
    async with open_backend(recipe()) as backend:
        assert answer(backend.url) == b"READY"


def test_a_shared_server_refuses_to_be_stopped_and_says_what_to_ask_for(recipe):
    with open_backend(recipe()) as backend, pytest.raises(BackendFailedError, match="private=True"):
        backend.stop()


def test_a_private_server_is_another_one_and_obeys(recipe):
    with open_backend(recipe()) as shared, open_backend(recipe(), private=True) as private:
        assert private.url != shared.url
        (before,) = private.pids
        private.restart()
        assert answer(private.url) == b"READY"
        assert private.pids != (before,)
        private.kill()
        with pytest.raises(ConnectionRefusedError):
            answer(private.url)
        private.start()
        assert answer(private.url) == b"READY"
        assert answer(shared.url) == b"READY"


def test_a_paused_server_is_silent_until_resumed(recipe):
    with open_backend(recipe(), private=True) as backend:
        backend.pause()
        with pytest.raises(TimeoutError):
            answer(backend.url)
        backend.resume()
        assert answer(backend.url) == b"READY"


@pytest.mark.requirement("TST-3")
def test_a_url_in_the_environment_wins(recipe, monkeypatch):
    monkeypatch.setenv("CHASSIS_TEST_LITTLE_URL", "little://elsewhere:1")
    with open_backend(recipe(obstacle="nothing here")) as backend:
        assert (backend.url, backend.source) == ("little://elsewhere:1", "CHASSIS_TEST_LITTLE_URL")
    assert not ServerFolder("little").path.exists()


def test_no_address_is_given_by_an_empty_variable(recipe, monkeypatch):
    monkeypatch.setenv("CHASSIS_TEST_LITTLE_URL", "")
    assert given_address(recipe()) is None


@pytest.mark.requirement("TST-3")
def test_what_is_missing_is_told_with_reason_and_remedy(recipe):
    with pytest.raises(BackendUnavailableError, match=r"no little thing.*\n.*CHASSIS_TEST_LITTLE_URL"):
        open_backend(recipe(obstacle="no little thing")).__enter__()


def test_a_build_is_never_started_unless_backends_are_required(recipe, monkeypatch):
    artifact = Artifact("thing", "1", lambda folder: (folder / "done").touch(), lambda: None)
    wanted = recipe(artifacts=(artifact,))
    with pytest.raises(BackendUnavailableError, match="make backends"):
        choose_source(wanted)
    assert not artifact.built
    monkeypatch.setenv("CHASSIS_REQUIRE_BACKENDS", "1")
    choose_source(wanted)
    assert (artifact.path / "done").exists()


@pytest.mark.requirement("MISTAKE-21")
def test_a_server_that_does_not_start_is_a_failure_with_its_log(recipe):
    with pytest.raises(BackendFailedError, match="no luck today"):
        open_backend(recipe(program="raise SystemExit('no luck today')")).__enter__()
    assert not ServerFolder("little").path.exists()


@pytest.mark.requirement("MISTAKE-21")
def test_a_shared_server_that_dies_is_reported_with_its_log(recipe):
    with open_backend(recipe()) as backend:
        ((process, _),) = recorded_processes(ServerFolder("little").path)
        check_alive(backend)
        process.send(signal.SIGKILL)
        process.wait(5)
        with pytest.raises(BackendFailedError, match="listening"):
            check_alive(backend)
        with pytest.raises(BackendFailedError, match="died while tests used it"):
            open_backend(recipe()).__enter__()


def test_a_server_left_by_a_killed_run_is_replaced(recipe):
    abandoned = open_backend(recipe())
    first = abandoned.__enter__()
    folder = ServerFolder("little")
    for user in (folder.path / "users").iterdir():
        user.unlink()
    (folder.path / "users" / "1-0-abcd").touch()  # another process has this number now
    ((process, _),) = recorded_processes(folder.path)
    with open_backend(recipe()) as second:
        assert not process.alive
        assert answer(second.url) == b"READY"
        assert second.url != first.url
    abandoned.__exit__(None, None, None)


OTHER_PROCESS = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("little_conftest", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from functools import partial
from fastapi_chassis.testing.backends import Recipe, open_backend
from fastapi_chassis.testing.backends.source import LocalSource
source = LocalSource("python", partial(module.little_plan, module.LITTLE_SERVER), lambda: None)
with open_backend(Recipe("little", "1", lambda: (source,))) as backend:
    print(backend.url, flush=True)
    sys.stdin.readline()
"""


def other_process():
    conftest = str(Path(__file__).with_name("conftest.py"))
    return subprocess.Popen(
        (sys.executable, "-c", textwrap.dedent(OTHER_PROCESS), conftest),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_test_processes_share_one_server_and_the_starter_may_leave_first(recipe):
    starter = other_process()
    try:
        url = starter.stdout.readline().strip()
        with open_backend(recipe()) as mine:
            assert mine.url == url
            starter.communicate("\n", timeout=20)
            assert starter.returncode == 0
            assert answer(url) == b"READY"
            ((process, _),) = recorded_processes(ServerFolder("little").path)
        assert not process.alive
    finally:
        starter.kill()
        starter.wait()


def test_a_killed_test_process_does_not_keep_the_server(recipe):
    starter = other_process()
    try:
        starter.stdout.readline()
        with open_backend(recipe()):
            ((process, _),) = recorded_processes(ServerFolder("little").path)
            starter.kill()
            starter.wait()
        assert not process.alive
        assert isinstance(process, ProcessId)
    finally:
        starter.kill()
        starter.communicate()
