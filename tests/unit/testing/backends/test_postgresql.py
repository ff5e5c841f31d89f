import pytest

from fastapi_chassis.testing.backends.place import RootPlace
from fastapi_chassis.testing.backends.postgresql import fresh_database, postgresql_plan, startup_packet


@pytest.fixture
def place(tmp_path):
    binaries = tmp_path / "root/usr/lib/postgresql/18/bin"
    binaries.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (binaries / name).touch()
    return RootPlace(tmp_path / "root", "postgres")


def test_the_password_is_new_each_time_and_on_no_command_line(place, tmp_path):
    plans = [postgresql_plan(place, tmp_path) for _ in range(2)]
    passwords = [plan.url.removeprefix("postgresql://postgres:").partition("@")[0] for plan in plans]
    assert len(set(passwords)) == 2
    assert len(passwords[0]) >= 20
    assert passwords[0] not in " ".join(plans[0].programs[0].command.argv)


def test_writes_are_durable_and_the_server_listens_on_loopback_only(place, tmp_path):
    argv = postgresql_plan(place, tmp_path, {"max_wal_senders": "0"}).programs[0].command.argv
    assert not [word for word in argv if word.startswith(("fsync", "synchronous_commit", "full_page_writes"))]
    assert {"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"} <= set(argv)
    assert "max_wal_senders=0" in argv


def test_the_startup_packet_says_its_length():
    packet = startup_packet("me")
    assert int.from_bytes(packet[:4]) == len(packet)
    assert packet.endswith(b"user\0me\0database\0me\0\0")


async def test_a_fresh_database_that_can_not_be_made_is_an_error():
    with pytest.raises(OSError):
        async with fresh_database("postgresql://postgres@127.0.0.1:1/postgres"):
            pytest.fail("never here")
