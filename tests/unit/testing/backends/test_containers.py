import http.server
import json
import socket
import threading

import pytest

from fastapi_chassis.testing.backends import Recipe, containers, open_backend
from fastapi_chassis.testing.backends.containers import ContainerHandle, ContainerSource, engine_obstacle
from fastapi_chassis.testing.backends.errors import BackendFailedError
from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.source import State

SOURCE = ContainerSource("image:1", 80, ready=Answer, url=str)


@pytest.fixture(autouse=True)
def no_engine(monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(containers, "SOCKETS", ())
    engine_obstacle.cache_clear()
    yield
    engine_obstacle.cache_clear()


def test_without_an_engine_there_are_no_containers():
    assert SOURCE.offer().state is State.ABSENT
    assert SOURCE.obstacle() == "no Docker engine"


def test_an_engine_that_does_not_answer_is_none(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")
    assert SOURCE.obstacle().startswith("no Docker engine answers")


def test_an_engine_on_another_machine_is_of_no_use(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://docker.example:2375")
    assert "docker.example" in SOURCE.obstacle()


class Engine(http.server.BaseHTTPRequestHandler):
    """As much of a Docker engine as one container needs; started, the container's port answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.endswith("/version"):
            self.reply({"ApiVersion": "1.45", "MinAPIVersion": "1.24"})
        elif self.path.endswith("/_ping"):
            self.reply("OK")
        else:
            status = "running" if self.server.published else "created"
            self.reply({"Id": "abc", "State": {"Status": status}, "Config": {}, "Image": "image:1"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.path.rpartition("/")[2].partition("?")[0])
        if "/containers/create" in self.path:
            self.server.wanted = json.loads(body)
            self.reply({"Id": "abc", "Warnings": []}, 201)
        else:
            if self.path.endswith("/start") and not self.server.published:
                (binding,) = self.server.wanted["HostConfig"]["PortBindings"]["80/tcp"]
                address = (binding["HostIp"], int(binding["HostPort"]))
                self.server.published.append(socket.create_server(address))
            self.reply(None, 204)

    def do_DELETE(self):
        self.server.asked.append(self.path.partition("?")[2])
        self.reply(None, 204)

    def reply(self, content, status=200):
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def engine(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    server.daemon_threads = True
    server.asked, server.published, server.wanted = [], [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()
    for listener in server.published:
        listener.close()


@pytest.mark.requirement("TST-3")
def test_a_container_is_started_on_loopback_with_its_settings_and_removed_at_the_end(engine):
    source = ContainerSource(
        "image:1",
        80,
        ready=Answer,
        url=lambda port: f"thing://127.0.0.1:{port}",
        env={"ONE": "1"},
        command=("serve", "--fast"),
        endpoints={"admin": 81},
        advertise=lambda port: {"ISSUER": f"http://127.0.0.1:{port}"},
        files={"/etc/thing.json": "{}"},
    )
    with open_backend(Recipe("thing", "1", lambda: (source,)), private=True) as backend:
        port = backend.url.rpartition(":")[2]
        wanted = engine.wanted
        bindings = wanted["HostConfig"]["PortBindings"]
        assert bindings["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": port}]
        assert bindings["81/tcp"][0]["HostIp"] == "127.0.0.1"
        assert backend.endpoints["admin"].endswith(bindings["81/tcp"][0]["HostPort"])
        assert {"ONE=1", f"ISSUER=http://127.0.0.1:{port}"} <= set(wanted["Env"])
        assert wanted["Cmd"] == ["serve", "--fast"]
        (bind,) = wanted["HostConfig"]["Binds"]
        assert bind.endswith("thing.json:/etc/thing.json:ro")
        backend.pause()
        backend.resume()
        backend.kill()
        backend.restart()
    told = [verb for verb in engine.asked if verb != "create"]
    assert told == [
        "start",
        "start",
        "pause",
        "unpause",
        "kill",
        "stop",
        "start",
        "v=True&link=False&force=True",
    ]


class DeadContainer:
    id = "abc"
    status = "exited"

    def start(self):
        pass

    def reload(self):
        pass

    def logs(self, *, tail):
        return b"no space left"


def test_a_container_that_dies_shows_its_log():
    with pytest.raises(BackendFailedError, match="no space left"):
        ContainerHandle(DeadContainer(), Answer(free_port())).start()
