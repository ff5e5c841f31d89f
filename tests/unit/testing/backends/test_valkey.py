import pytest

from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.valkey import valkey_plan, valkey_sources


@pytest.fixture
def server_on_path(tmp_path, monkeypatch):
    binaries = tmp_path / "bin"
    binaries.mkdir()
    monkeypatch.setenv("PATH", str(binaries))
    return binaries / "redis-server"


def test_every_command_is_written_down_and_only_loopback_listens(server_on_path, tmp_path):
    server_on_path.touch(mode=0o755)
    plan = valkey_plan(HostPlace(), "redis-server", tmp_path)
    argv = plan.programs[0].command.argv
    assert plan.url == f"redis://127.0.0.1:{argv[argv.index('--port') + 1]}/0"
    assert argv[argv.index("--appendonly") + 1] == "yes"
    assert argv[argv.index("--bind") + 1] == "127.0.0.1"


def test_redis_on_path_serves_too(server_on_path):
    on_path = valkey_sources()[1]
    assert on_path.obstacle() == "no valkey-server or redis-server on PATH"
    server_on_path.touch(mode=0o755)
    assert on_path.obstacle() is None
