"""Processes: who does what, and how it is told."""

import asyncio
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

CHASSIS = str(Path(sys.executable).parent / "chassis")
SERVICE = Path(__file__).parents[1]
PATIENCE = 90.0  # seconds that a start may take on a busy machine

# What each process leaves to the others.
FLEET: Mapping[str, Mapping[str, str]] = {
    "shop": {"NOTIFICATIONS_ENABLED": "false", "RELAY_ENABLED": "false"},
    "notifications": {"ITEMS_ENABLED": "false", "BOOKS_ENABLED": "false", "RELAY_ENABLED": "false"},
    "relay": {},
}


@dataclass(slots=True)
class Process:
    """One of the fleet.

    Args:
        name: what it does.
        url: where it answers; empty if it does not.
        handle: the process itself.
        output: what it has said.
    """

    name: str
    url: str
    handle: asyncio.subprocess.Process
    output: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fleet:
    """The processes, by name.

    Args:
        variables: of all of them: where database and broker are.
        stack: ends them.
    """

    variables: Mapping[str, str]
    stack: AsyncExitStack
    processes: dict[str, Process] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    async def start(self, name: str) -> None:
        """Starts a process, the first time or anew."""
        self.processes[name] = await self.stack.enter_async_context(
            _running(name, {**self.variables, **FLEET[name]})
        )

    async def kill(self, name: str) -> None:
        """Kills a process, as the kernel does."""
        self[name].handle.kill()
        await self[name].handle.wait()


@asynccontextmanager
async def open_fleet(variables: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """Migrates the database, starts every process and stops them at the end.

    Args:
        variables: of all of them: where database and broker are.
    """
    migrated = await _begun("migrate", variables)
    if await migrated.wait():
        said = await migrated.stdout.read() if migrated.stdout else b""
        raise RuntimeError(f"chassis migrate failed: {said.decode()}")
    async with AsyncExitStack() as stack:
        fleet = Fleet(variables, stack)
        for name in FLEET:
            await fleet.start(name)
        yield fleet


@asynccontextmanager
async def _running(name: str, variables: Mapping[str, str]) -> AsyncIterator[Process]:
    port = _free_port()
    command = "relay" if name == "relay" else "run"
    process = await _begun(command, {**variables, "API_PORT": str(port)})
    url = "" if name == "relay" else f"http://127.0.0.1:{port}"
    one = Process(name, url, process)
    listening = asyncio.create_task(_listen(one))
    try:
        async with asyncio.timeout(PATIENCE):
            while not await _is_ready(one):
                if process.returncode is not None:
                    await asyncio.sleep(0.1)
                    raise RuntimeError(f"{name} ended with {process.returncode}:\n{''.join(one.output)}")
                await asyncio.sleep(0.1)
        yield one
    finally:
        await _stopped(process)
        await listening


async def _begun(command: str, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        CHASSIS,
        command,
        cwd=SERVICE,
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _is_ready(process: Process) -> bool:
    if not process.url:
        return any("relays what waits" in line for line in process.output)
    return await asyncio.to_thread(_answers, f"{process.url}/api/health/ready")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - the service's own address
            return True
    except (urllib.error.URLError, OSError):
        return False


async def _listen(process: Process) -> None:
    assert process.handle.stdout is not None
    async for line in process.handle.stdout:
        process.output.append(line.decode(errors="replace"))


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port: int = holder.getsockname()[1]
    return port
