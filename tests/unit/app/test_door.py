import socket
import sys

import pytest

from fastapi_chassis.app.door import turn_away, welcome

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only this kernel has such filters")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def connected(listener: socket.socket, within: float) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=within)


@pytest.mark.requirement("APP-7")
def test_new_connections_do_not_begin(listener):
    assert turn_away(listener)
    with pytest.raises(TimeoutError):
        connected(listener, within=0.2)


@pytest.mark.requirement("APP-7")
def test_those_that_have_come_are_let_in_and_served(listener):
    with connected(listener, within=1) as early:
        early.sendall(b"before")
        assert turn_away(listener)
        early.sendall(b" and after")
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(1)
            assert accepted.recv(16, socket.MSG_WAITALL) == b"before and after"
            accepted.sendall(b"welcome")
            assert early.recv(100) == b"welcome"


def test_they_begin_again_with_the_next_server(listener):
    turn_away(listener)
    welcome(listener)
    connected(listener, within=1).close()
    welcome(listener)


def test_what_cannot_be_filtered_is_said():
    closed = socket.socket()
    closed.close()
    assert not turn_away(closed)
    welcome(closed)
