"""SIGTERM under load: a real process, sixteen clients on kept connections, and nothing that fails."""

import asyncio
import random
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fastapi_chassis.testing import eventually

pytestmark = pytest.mark.requirement("APP-7")

SERVICE = Path(__file__).with_name("draining_service.py")
CLIENTS = 16
GRACE = 10.0  # the service's own deadline, in seconds


@dataclass
class Response:
    status: int
    headers: dict[str, str]


@dataclass
class Ledger:
    """What sixteen clients saw."""

    answered: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    kept_open: int = 0
    is_draining: bool = False


class Connection:
    """Requests one after another on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def opened(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def get(self, path: str) -> Response:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await self.reader.readexactly(int(headers["content-length"]))
        return Response(int(head[0].split()[1]), headers)

    def close(self) -> None:
        self.writer.close()


async def client(port: int, seed: int, ledger: Ledger) -> None:
    """Asks again and again until the door is closed; connects anew where the server closed the connection."""
    chosen = random.Random(seed)
    connection: Connection | None = None
    while True:
        try:
            connection = connection or await Connection.opened(port)
        except OSError:
            return
        was_draining = ledger.is_draining
        try:
            response = await connection.get(f"/work?ms={chosen.choice((0, 1, 5, 20, 50, 100, 200, 300))}")
        except (OSError, EOFError) as fault:
            ledger.failed.append(repr(fault))
            connection.close()
            connection = None
            continue
        ledger.answered[response.status] += 1
        if response.status >= 500:
            ledger.failed.append(str(response.status))
        if response.headers.get("connection") == "close":
            connection.close()
            connection = None
        elif was_draining:
            ledger.kept_open += 1


@asynccontextmanager
async def process(port: int, drain_delay: float) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(sys.executable, SERVICE, str(port), str(drain_delay))
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    (await Connection.opened(port)).close()
                    break
                except OSError:
                    assert running.returncode is None, "the service ended before it served"
                    await asyncio.sleep(0.05)
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# the moment of the signal, and how long balancers get to look away
MOMENTS = {"at once": (0.3, 0.0), "a moment later": (0.67, 0.0), "with a drain delay": (0.45, 0.5)}


@pytest.mark.parametrize(("moment", "drain_delay"), MOMENTS.values(), ids=MOMENTS)
async def test_a_stop_under_load_fails_no_request(moment: float, drain_delay: float) -> None:
    port, ledger = free_port(), Ledger()
    async with process(port, drain_delay) as running:
        clients = [asyncio.create_task(client(port, seed, ledger)) for seed in range(CLIENTS)]
        await eventually(lambda: ledger.answered.total() >= CLIENTS)
        await asyncio.sleep(moment)
        running.send_signal(signal.SIGTERM)
        if drain_delay:
            await asyncio.sleep(drain_delay / 2)
            ledger.is_draining = True
            probe = await Connection.opened(port)
            ready = await probe.get("/api/health/ready")
            assert (ready.status, ready.headers["connection"]) == (503, "close")
            probe.close()
        exit_code = await asyncio.wait_for(running.wait(), GRACE)
        await asyncio.wait_for(asyncio.gather(*clients), 10)
    assert ledger.failed == []
    assert exit_code == 0
    assert ledger.answered.keys() == {200}
    assert ledger.kept_open == 0


async def test_a_request_that_runs_longer_than_the_drain_is_answered() -> None:
    port = free_port()
    async with process(port, 0) as running:
        connection = await Connection.opened(port)
        asking = asyncio.create_task(connection.get("/work?ms=2500"))
        await asyncio.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        response = await asyncio.wait_for(asking, GRACE)
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert await asyncio.wait_for(running.wait(), GRACE) == 0
