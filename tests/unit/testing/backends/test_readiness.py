import contextlib
import socket
import threading

import pytest

from fastapi_chassis.testing.backends.ports import free_port
from fastapi_chassis.testing.backends.readiness import Answer, http_answer, wait_for


@pytest.fixture
def server():
    @contextlib.contextmanager
    def serve(reply, asked=None):
        listener = socket.create_server(("127.0.0.1", 0))

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        if asked is not None:
                            asked.append(client.recv(4096))
                        for piece in reply:
                            client.sendall(piece)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)

    return serve


def test_the_beginning_of_the_answer_decides(server):
    with server([b"+PO", b"NG\r\n"]) as port:
        assert Answer(port, b"", b"+PONG").is_right()
        assert not Answer(port, b"", b"-ERR").is_right()


def test_connecting_is_enough_where_nothing_is_expected(server):
    with server([]) as port:
        assert Answer(port).is_right()
        assert not Answer(port, at_least=1).is_right()


def test_some_bytes_are_enough_where_their_number_is_expected(server):
    with server([b"1234", b"5678"]) as port:
        assert Answer(port, at_least=8).is_right()


def test_a_closed_port_is_not_right():
    assert not Answer(free_port()).is_right()


def test_http_asks_the_path(server):
    asked = []
    with server([b"HTTP/1.1 200 OK\r\n\r\n"], asked) as port:
        assert http_answer(port, "/health").is_right()
        assert asked[0].startswith(b"GET /health HTTP/1.1\r\n")
    with server([b"HTTP/1.1 503 Service Unavailable\r\n\r\n"], asked) as port:
        assert not http_answer(port, "/health").is_right()


def test_waiting_ends_when_the_server_dies_or_the_time_is_over(server):
    port = free_port()
    assert not wait_for(Answer(port), timeout=60, alive=lambda: False)
    assert not wait_for(Answer(port), timeout=0.1, alive=lambda: True)
    with server([]) as open_port:
        assert wait_for(Answer(open_port), timeout=5, alive=lambda: True)
