import socket

import pytest

from fastapi_chassis.testing.backends import BackendFailedError
from fastapi_chassis.testing.backends.ports import FIRST_PORT, LAST_PORT, free_port, is_free


def test_a_port_in_use_is_not_free():
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_ports_lie_below_those_of_outgoing_connections():
    assert all(FIRST_PORT <= free_port() <= LAST_PORT < 32_768 for _ in range(50))


def test_no_free_port_is_an_error_that_says_so():
    with pytest.raises(BackendFailedError, match="no free port"):
        free_port(attempts=0)
