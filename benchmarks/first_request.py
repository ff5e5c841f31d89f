"""From the start of a process to its first answer, beside bare FastAPI on uvicorn in the same run."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.harness import Budget, Work, measure, print_measured

BOOKSHOP = Path(__file__).parents[1] / "service"
DEADLINE = 60.0

OURS = """
from uuid import UUID
from fastapi import APIRouter
from fastapi_chassis import (
    AbstractRepository, ApplicationAbstract, ApplicationGenericBuilder, BaseAggregate, Command, Inject,
    Mediator, ServiceModule,
)

class Item(BaseAggregate):
    title: str

class CreateItem(Command[UUID], public=True):
    title: str

async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    return (await items.add(Item(title=command.title))).id

router = APIRouter()

@router.post("/items")
async def post_item(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)

class Shop(ApplicationAbstract):
    name = "shop"
    modules = (ServiceModule("items", routers=(router,), handlers=(create_item,)),)

if __name__ == "__main__":
    ApplicationGenericBuilder(Shop).build_and_serve()
"""

PEER = """
import os
from uuid import UUID, uuid4
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

class Item(BaseModel):
    title: str

app, items = FastAPI(), {}

@app.post("/items")
async def post_item(item: Item) -> UUID:
    key = uuid4()
    items[key] = item
    return key

@app.get("/api/health/live")
async def live() -> str:
    return "alive"

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["CHASSIS_SERVER__PORT"]), log_level="warning")
"""


@dataclass(frozen=True)
class Service:
    """How a service is started."""

    command: tuple[str, ...]
    folder: Path
    variables: dict[str, str]


async def first_answer(service: Service) -> None:
    """Starts a service and waits for its first answer; then it is killed, which is no part of the time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = started(service, port)
    try:
        await _answered(f"http://127.0.0.1:{port}/api/health/live", process)
    finally:
        process.kill()
        process.communicate()


def started(service: Service, port: int) -> subprocess.Popen[bytes]:
    variables = os.environ | service.variables | {"CHASSIS_SERVER__PORT": str(port)}
    return subprocess.Popen(
        service.command, cwd=service.folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


async def _answered(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + DEADLINE
    async with httpx2.AsyncClient() as client:
        while time.monotonic() < until:
            try:
                response = await client.get(url)
            except httpx2.TransportError:
                if process.poll() is not None:
                    told = process.stderr.read().decode() if process.stderr else ""
                    raise RuntimeError(f"the service ended with {process.returncode}\n{told}") from None
                await asyncio.sleep(0.005)
            else:
                assert response.status_code == 200, response.text
                return
    raise TimeoutError(url)


def starting(service: Service) -> Work:
    async def work(operations: int) -> None:
        for _ in range(operations):
            await first_answer(service)

    return work


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "shop.py").write_text(OURS)
        (folder / "peer.py").write_text(PEER)
        services = {
            "bare FastAPI": Service((sys.executable, "peer.py"), folder, {}),
            "small service": Service((sys.executable, "shop.py"), folder, {}),
        }
        if (BOOKSHOP / "bookshop" / "app.py").exists():
            database = {"DATABASE_URL": f"sqlite+aiosqlite:///{folder}/bookshop.db"}
            command = (sys.executable, "-m", "fastapi_chassis", "run", "bookshop.app:Bookshop")
            services["bookshop"] = Service(command, BOOKSHOP, database)
        contestants = {name: starting(service) for name, service in services.items()}
        rounds = 3 if smoke else 9
        measured = await measure(contestants, operations=1, rounds=rounds, base="bare FastAPI")
    print_measured("first answer after the start of the process", measured, "bare FastAPI")
    return [
        Budget(f"{name}: seconds until its first answer", measured[name].median, 2.0)
        for name in services
        if name != "bare FastAPI"
    ]
