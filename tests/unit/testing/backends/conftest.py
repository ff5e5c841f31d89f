"""A little real server, and folders of its own for each test."""

import sys
from functools import partial

import pytest

from fastapi_chassis.testing.backends import Recipe
from fastapi_chassis.testing.backends.cache import CACHE_VARIABLE
from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.run_folder import RUN_VARIABLE
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource

LITTLE_SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    client, _ = server.accept()
    client.sendall(b"READY")
    client.close()
"""


def little_plan(program, folder):
    port = free_port()
    command = HostPlace().command(sys.executable, "-S", "-E", "-c", program, str(port), folder=folder)
    server = Program("little", command, Answer(port, b"", b"READY"), timeout=10.0)
    return Plan(f"little://127.0.0.1:{port}", (server,), lambda: (folder / "data").mkdir())


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_VARIABLE, str(tmp_path / "run"))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("CHASSIS_REQUIRE_BACKENDS", raising=False)


@pytest.fixture
def recipe():
    """Make recipes of a little server: recipe(obstacle="no", program="...", artifacts=(...))."""

    def make(*, name="little", program=LITTLE_SERVER, obstacle=None, artifacts=()):
        source = LocalSource("python", partial(little_plan, program), lambda: obstacle, artifacts)
        return Recipe(name, "1", lambda: (source,))

    return make
