import os

import pytest

from fastapi_chassis.testing.backends.place import RootPlace
from fastapi_chassis.testing.backends.rabbitmq import rabbitmq_plan


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "root"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/epmd").touch()
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text(f"rabbitmq:x:{os.getuid()}:{os.getgid()}::/:/\n")
    return RootPlace(root, "rabbitmq")


def test_the_port_mapper_is_ours_and_starts_first(place, tmp_path):
    mapper, broker = rabbitmq_plan(place, tmp_path).programs
    assert (mapper.name, broker.name) == ("epmd", "rabbitmq")
    assert (
        mapper.command.env["ERL_EPMD_PORT"] == broker.command.env["ERL_EPMD_PORT"] == str(mapper.ready.port)
    )
    assert broker.command.env["ERL_EPMD_ADDRESS"] == "127.0.0.1"


def test_two_brokers_share_neither_name_nor_ports(place, tmp_path):
    ours, theirs = (rabbitmq_plan(place, tmp_path).programs[1].command.env for _ in range(2))
    for name in ("RABBITMQ_NODENAME", "RABBITMQ_DIST_PORT", "ERL_EPMD_PORT"):
        assert ours[name] != theirs[name]


def test_the_cookie_is_secret(place, tmp_path):
    rabbitmq_plan(place, tmp_path).prepare()
    assert (tmp_path / "data/.erlang.cookie").stat().st_mode & 0o777 == 0o400
    assert "listeners.tcp.local = 127.0.0.1:" in (tmp_path / "data/rabbitmq.conf").read_text()
