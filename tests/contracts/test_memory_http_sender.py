"""The memory twin of the HTTP sender obeys the contract of every sender."""

from collections.abc import Sequence

import pytest

from fastapi_chassis.http import HttpRequest, HttpResponse, InMemorySender
from fastapi_chassis.testing.contracts.http_sender import HttpSenderContract


class MemoryServer:
    url = "http://catalogue.test"
    nobody = "http://nobody.test"

    def __init__(self, sender: InMemorySender) -> None:
        self._sender = sender

    @property
    def received(self) -> Sequence[HttpRequest]:
        return self._sender.requests

    def answers(self, method: str, path: str, response: HttpResponse, *, delay: float = 0.0) -> None:
        self._sender.answer(method, f"{self.url}{path}", response, delay=delay)


@pytest.fixture
def sender() -> InMemorySender:
    return InMemorySender()


@pytest.fixture
def server(sender: InMemorySender) -> MemoryServer:
    return MemoryServer(sender)


@pytest.mark.requirement("TST-1")
class TestSender(HttpSenderContract):
    pass
