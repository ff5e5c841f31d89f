import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from fastapi_chassis.app.server import DrainingServer, open_listener, uvicorn_config
from fastapi_chassis.config import ServerConfig
from fastapi_chassis.testing import eventually


class Service:
    """A bare ASGI application whose answers wait until they may leave."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = asyncio.Event()
        self.draining = False

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for turn in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{turn}.complete"})
            return
        self.asked.set()
        is_last = self.draining
        if scope["path"] == "/slow":
            await self.may_answer.wait()
        headers = [(b"content-length", b"2"), *([(b"connection", b"close")] if is_last else [])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


class Client:
    """One connection, spoken to in bytes."""

    @classmethod
    async def connected(cls, port: int) -> "Client":
        client = cls()
        client.reader, client.writer = await asyncio.open_connection("127.0.0.1", port)
        return client

    def ask(self, path: str) -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())

    async def answer(self) -> bytes:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        assert await self.reader.readexactly(2) == b"ok"
        return head.lower()

    async def is_closed(self, within: float) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(1), within) == b""
        except TimeoutError:
            return False


type Signal = Callable[[], None]


@asynccontextmanager
async def serving(service: Service, **settings: float) -> AsyncIterator[tuple[int, DrainingServer, Signal]]:
    listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    config = ServerConfig.model_validate({"port": port, **settings})
    server = DrainingServer(
        uvicorn_config(service, config),
        drain_delay=config.drain_delay,
        on_drain=lambda: setattr(service, "draining", True),
    )
    running = asyncio.create_task(server._serve([listener]))
    await eventually(lambda: server.started)
    try:
        yield port, server, lambda: server.handle_exit(signal.SIGTERM, None)
    finally:
        if not server.should_exit:
            server.handle_exit(signal.SIGTERM, None)
        service.may_answer.set()
        await asyncio.wait_for(running, 15)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.mark.requirement("APP-7")
async def test_a_request_that_runs_is_answered_and_its_connection_closed(service):
    async with serving(service) as (port, _, stop):
        client = await Client.connected(port)
        client.ask("/slow")
        await service.asked.wait()
        stop()
        await asyncio.sleep(0.5)
        service.may_answer.set()
        assert b"connection: close" in await client.answer()
        assert await client.is_closed(within=1)


@pytest.mark.requirement("APP-7")
async def test_a_kept_connection_that_asks_again_while_the_server_ends_is_answered(service):
    async with serving(service) as (port, _, stop):
        client = await Client.connected(port)
        client.ask("/")
        assert b"connection: close" not in await client.answer()
        stop()
        await asyncio.sleep(0.6)
        client.ask("/")
        assert b"connection: close" in await client.answer()


@pytest.mark.requirement("APP-7")
async def test_a_connection_that_has_just_begun_is_answered(service):
    async with serving(service) as (port, _, stop):
        client = await Client.connected(port)
        stop()
        await asyncio.sleep(0.5)
        client.ask("/")
        await client.answer()


@pytest.mark.requirement("APP-7")
async def test_a_request_that_comes_in_pieces_is_answered(service):
    async with serving(service) as (port, _, stop):
        client = await Client.connected(port)
        client.ask("/")
        await client.answer()
        client.writer.write(b"GET / HTTP/1.1\r\nHo")
        await asyncio.sleep(0.1)
        stop()
        await asyncio.sleep(1.6)
        client.writer.write(b"st: test\r\n\r\n")
        await client.answer()


async def test_silent_connections_are_closed_soon(service):
    async with serving(service) as (port, _, stop):
        silent, kept = await Client.connected(port), await Client.connected(port)
        kept.ask("/")
        await kept.answer()
        began = asyncio.get_running_loop().time()
        stop()
        assert await silent.is_closed(within=4)
        assert await kept.is_closed(within=4)
        assert asyncio.get_running_loop().time() - began < 4


@pytest.mark.requirement("APP-7")
async def test_while_it_drains_new_connections_are_welcome_then_the_door_is_closed(service):
    async with serving(service, drain_delay=0.6) as (port, server, stop):
        stop()
        assert service.draining
        assert not server.should_exit
        client = await Client.connected(port)
        client.ask("/")
        assert b"connection: close" in await client.answer()
        await asyncio.sleep(1.5)
        with pytest.raises(OSError):
            await asyncio.wait_for(Client.connected(port), 1)


async def test_a_second_signal_ends_the_delay(service):
    async with serving(service, drain_delay=60) as (_, server, stop):
        stop()
        assert not server.should_exit
        stop()
        assert server.should_exit
        assert not server.force_exit


async def test_only_an_interrupt_upon_the_end_forces_it(service):
    async with serving(service) as (port, server, stop):
        client = await Client.connected(port)
        client.ask("/slow")
        await service.asked.wait()
        stop()
        server.handle_exit(signal.SIGTERM, None)
        assert not server.force_exit
        server.handle_exit(signal.SIGINT, None)
        server.handle_exit(signal.SIGTERM, None)
        assert server.force_exit


@pytest.mark.requirement("APP-7")
async def test_the_deadline_ends_what_does_not_end(service):
    async with serving(service, graceful_timeout=1) as (port, _, stop):
        client = await Client.connected(port)
        client.ask("/slow")
        await service.asked.wait()
        began = asyncio.get_running_loop().time()
        stop()
        assert b" 500 " in await asyncio.wait_for(client.reader.read(100), 8)
        assert 0.9 < asyncio.get_running_loop().time() - began < 5


def test_settings_are_handed_to_the_server(service):
    config = uvicorn_config(
        service,
        ServerConfig(
            host="::1", port=9, proxy_headers=True, forwarded_allow_ips=("10.0.0.1",), graceful_timeout=7.6
        ),
    )
    assert (config.host, config.port, config.proxy_headers) == ("::1", 9, True)
    assert config.forwarded_allow_ips == ["10.0.0.1"]
    assert config.timeout_graceful_shutdown == 8
    assert not config.access_log
    assert not config.server_header


def test_an_address_in_use_is_known_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        open_listener("127.0.0.1", taken.getsockname()[1])


def test_an_address_is_free_again_after_a_stop():
    first = open_listener("127.0.0.1", 0)
    port = first.getsockname()[1]
    first.close()
    open_listener("127.0.0.1", port).close()
