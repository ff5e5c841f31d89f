"""When a server is ready: it gives the expected answer to a few bytes, without any client library."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi_chassis.testing.backends.ports import LOOPBACK

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """A question in bytes and how the answer begins.

    Args:
        port: on 127.0.0.1.
        question: sent after connecting; empty where the server speaks first or connecting is enough.
        begins: what the answer must begin with; empty where connecting is enough.
        at_least: how many bytes must come, where what they are is not known.
        timeout: seconds that one attempt may take.
    """

    port: int
    question: bytes = b""
    begins: bytes = b""
    at_least: int = 0
    timeout: float = 1.0

    def is_right(self) -> bool:
        """Ask once."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=self.timeout) as connection:
                connection.sendall(self.question)
                received = self._received(connection)
        except OSError:
            return False
        return received.startswith(self.begins) and len(received) >= self.at_least

    def _received(self, connection: socket.socket) -> bytes:
        received = b""
        while len(received) < max(len(self.begins), self.at_least):
            piece = connection.recv(4096)
            if not piece:
                break
            received += piece
        return received


def http_answer(port: int, path: str) -> Answer:
    """Expect 200 from a GET."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    return Answer(port, request.encode(), b"HTTP/1.1 200")


def wait_for(answer: Answer, *, timeout: float, alive: Callable[[], bool]) -> bool:
    """Ask until the answer is right, and return True; False when the server died or the seconds are over."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and alive():
        if answer.is_right():
            return True
        time.sleep(POLL_SECONDS)
    return False
