from itertools import pairwise

import pytest

from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.valkey import (
    valkey_cluster_plan,
    valkey_plan,
    valkey_sources,
    valkey_tls_plan,
)


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


def test_tls_is_the_only_door_and_asks_for_a_certificate(server_on_path, tmp_path):
    server_on_path.touch(mode=0o755)
    plan = valkey_tls_plan(HostPlace(), "redis-server", tmp_path)
    argv = plan.programs[0].command.argv
    assert plan.url == f"rediss://127.0.0.1:{argv[argv.index('--tls-port') + 1]}/0"
    assert argv[argv.index("--port") + 1] == "0"
    assert argv[argv.index("--tls-auth-clients") + 1] == "yes"
    assert set(plan.endpoints) == {"ca", "certificate", "key"}


def test_the_nodes_of_a_cluster_know_each_other_and_share_every_slot(server_on_path, tmp_path):
    server_on_path.touch(mode=0o755)
    plan = valkey_cluster_plan(HostPlace(), "redis-server", tmp_path)
    plan.prepare()
    ports = [program.command.argv[program.command.argv.index("--port") + 1] for program in plan.programs]
    assert plan.url == f"redis://127.0.0.1:{ports[0]}"
    for number, port in enumerate(ports):
        lines = (tmp_path / f"data-{number}" / "nodes.conf").read_text().splitlines()
        nodes = [line.split() for line in lines[:-1]]
        assert [node[1].partition("@")[0] for node in nodes] == [f"127.0.0.1:{one}" for one in ports]
        assert [node[1] for node in nodes if "myself" in node[2]] == [nodes[number][1]]
        spans = [tuple(map(int, node[-1].split("-"))) for node in nodes]
        assert (spans[0][0], spans[-1][1]) == (0, 16_383)
        assert all(one[1] + 1 == other[0] for one, other in pairwise(spans))
        assert port in nodes[number][1]
