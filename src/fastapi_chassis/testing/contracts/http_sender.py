"""What every HTTP sender promises: requests and answers as they are, time-outs, and one kind of failure."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.http import HttpRequest, HttpResponse, HttpSender

EVERY_BYTE = bytes(range(256)) * 400


class HttpServerHarness(Protocol):
    """A server that answers what a test says, and keeps what it was asked."""

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        ...

    @property
    def nobody(self) -> str:
        """An address at which nobody answers."""
        ...

    @property
    def received(self) -> Sequence[HttpRequest]:
        """The requests so far, with their URLs as they were sent."""
        ...

    def answers(self, method: str, path: str, response: HttpResponse, *, delay: float = 0.0) -> None:
        """Says what it answers to every query of a path, and after how many seconds."""
        ...


class HttpSenderContract:
    """Derive, and supply the fixtures `sender` and `server`: an HttpServerHarness that the sender reaches."""

    @staticmethod
    def request(server: HttpServerHarness, method: str = "GET", path: str = "/items") -> HttpRequest:
        return HttpRequest(method=method, url=f"{server.url}{path}", timeout=5, connect_timeout=2)

    async def test_an_answer_comes_back_as_it_is(self, sender: HttpSender, server: HttpServerHarness) -> None:
        headers = {"X-Number": "7", "Content-Type": "text/plain; charset=iso-8859-1"}
        server.answers("GET", "/items", HttpResponse(status=200, headers=headers, body=b"caf\xe9"))
        response = await sender.send(self.request(server))
        assert (response.status, response.body, response.text) == (
            200,
            b"caf\xe9",
            "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        )
        assert response.headers["x-number"] == "7"

    async def test_a_request_arrives_as_it_is(self, sender: HttpSender, server: HttpServerHarness) -> None:
        server.answers("POST", "/items", HttpResponse(status=201))
        path = "/items?q=a%20b%26c&empty=&q=%C3%A9"
        request = HttpRequest(
            method="POST",
            url=f"{server.url}{path}",
            headers={"X-One": "1, 2", "Content-Type": "application/octet-stream"},
            body=EVERY_BYTE,
        )
        assert (await sender.send(request)).status == 201
        (received,) = server.received
        assert (received.method, received.url, received.body) == ("POST", request.url, EVERY_BYTE)
        assert received.headers["x-one"] == "1, 2"
        assert received.headers["content-type"] == "application/octet-stream"

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def test_every_method(self, sender: HttpSender, server: HttpServerHarness, method: str) -> None:
        server.answers(method, "/items", HttpResponse(status=200, body=b"x"))
        assert (await sender.send(self.request(server, method))).body == b"x"

    @pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 409, 429, 500, 503])
    async def test_no_status_is_an_error(
        self, sender: HttpSender, server: HttpServerHarness, status: int
    ) -> None:
        server.answers("GET", "/items", HttpResponse(status=status, headers={"Retry-After": "7"}))
        response = await sender.send(self.request(server))
        assert (response.status, response.headers["retry-after"]) == (status, "7")

    async def test_no_redirect_is_followed(self, sender: HttpSender, server: HttpServerHarness) -> None:
        server.answers("GET", "/old", HttpResponse(status=302, headers={"Location": f"{server.url}/items"}))
        server.answers("GET", "/items", HttpResponse(status=200))
        response = await sender.send(self.request(server, path="/old"))
        assert (response.status, response.headers["location"]) == (302, f"{server.url}/items")
        assert len(server.received) == 1

    async def test_no_cookie_is_kept(self, sender: HttpSender, server: HttpServerHarness) -> None:
        server.answers("GET", "/items", HttpResponse(status=200, headers={"Set-Cookie": "a=1; Path=/"}))
        await sender.send(self.request(server))
        await sender.send(self.request(server))
        assert [request.headers.get("cookie") for request in server.received] == [None, None]

    async def test_a_large_body(self, sender: HttpSender, server: HttpServerHarness) -> None:
        server.answers("GET", "/items", HttpResponse(status=200, body=EVERY_BYTE * 20))
        assert (await sender.send(self.request(server))).body == EVERY_BYTE * 20

    async def test_an_answer_that_takes_too_long_is_unavailable(
        self, sender: HttpSender, server: HttpServerHarness
    ) -> None:
        server.answers("GET", "/slow", HttpResponse(status=200), delay=30)
        request = HttpRequest(method="GET", url=f"{server.url}/slow", timeout=0.05)
        with pytest.raises(UnavailableException):
            await asyncio.wait_for(sender.send(request), 5)

    async def test_where_nobody_answers_is_unavailable(
        self, sender: HttpSender, server: HttpServerHarness
    ) -> None:
        request = HttpRequest(method="GET", url=f"{server.nobody}/items", timeout=5)
        with pytest.raises(UnavailableException) as failure:
            await sender.send(request)
        assert server.nobody not in failure.value.message

    async def test_many_at_once(self, sender: HttpSender, server: HttpServerHarness) -> None:
        for number in range(50):
            body = str(number).encode()
            server.answers("GET", f"/{number}", HttpResponse(status=200, body=body), delay=0.01)
        requests = [self.request(server, path=f"/{number}") for number in range(50)]
        responses = await asyncio.gather(*(sender.send(request) for request in requests))
        assert [response.text for response in responses] == [str(number) for number in range(50)]

    async def test_one_that_is_cancelled_leaves_the_others_alone(
        self, sender: HttpSender, server: HttpServerHarness
    ) -> None:
        server.answers("GET", "/slow", HttpResponse(status=200), delay=30)
        server.answers("GET", "/items", HttpResponse(status=200))
        slow = asyncio.ensure_future(sender.send(self.request(server, path="/slow")))
        await asyncio.sleep(0.02)
        slow.cancel()
        assert (await sender.send(self.request(server))).status == 200
        with pytest.raises(asyncio.CancelledError):
            await slow
