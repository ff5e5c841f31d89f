"""A service in a folder of its own, and the real command line beside it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("chassis")
CANARY = "canary-9f2c41d7e6"

SHOP = """
from uuid import UUID

from fastapi import APIRouter

from fastapi_chassis.api import Inject
from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.application import AbstractRepository, Command, Mediator, Query
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent


class ItemCreated(IntegrationEvent):
    item_id: UUID
    title: str


class Item(BaseAggregate):
    title: str


class CreateItem(Command[UUID], requires="items:write"):
    title: str


class CountItems(Query[int], public=True):
    pass


async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemCreated(item_id=item.id, title=item.title))
    return (await items.add(item)).id


async def count_items(query: CountItems, items: AbstractRepository[Item, UUID]) -> int:
    return await items.count()


async def announce(event: ItemCreated) -> None:
    print("new:", event.title)


router = APIRouter(prefix="/api/items", tags=["items"])


@router.post("/", status_code=201)
async def post_item(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


class Shop(ApplicationAbstract):
    name = "shop"
    version = "1.4.0"
    modules = (
        ServiceModule(
            "items", routers=(router,), handlers=(create_item, count_items), consumers=(announce,)
        ),
    )
"""


@dataclass
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def report(self) -> str:
        """The one report of a command that could not run: readable, no stack, no secret."""
        assert self.code == 2, f"exit {self.code}\n{self.out}\n{self.err}"
        assert re.search(r": \d+ findings?\n\n1  ", self.err), self.err
        assert self.err.count("Traceback") == 0, self.err
        assert CANARY not in self.err + self.out
        assert all(len(line) <= 100 for line in self.err.splitlines()), self.err
        assert not self.out, self.out
        return self.err


@dataclass
class Folder:
    """A folder with a service in it."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def append(self, text: str) -> None:
        with (self.path / "shop.py").open("a", encoding="utf-8") as file:
            file.write(text)

    def chassis(self, *arguments: str, program: tuple[str, ...] = (str(PROGRAM),)) -> Done:
        done = subprocess.run(
            [*program, *arguments],
            cwd=self.path,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *arguments: str) -> Iterator["Running"]:
        with (self.path / "out.log").open("w+") as out, (self.path / "err.log").open("w+") as err:
            process = subprocess.Popen(
                [str(PROGRAM), "run", *arguments], cwd=self.path, env=self._environ(), stdout=out, stderr=err
            )
            try:
                yield Running(process, self.path)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(timeout=10)

    def _environ(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **self.environ}


@dataclass
class Running:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def out(self) -> str:
        return (self.path / "out.log").read_text()

    @property
    def err(self) -> str:
        return (self.path / "err.log").read_text()

    def prints(self, text: str, *, times: int = 1, seconds: float = 20) -> str:
        """Waits until a text was printed."""
        deadline = time.monotonic() + seconds
        while self.out.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} was not printed\n{self.out}\n{self.err}"
            assert self.process.poll() is None, (
                f"it ended with {self.process.returncode}\n{self.out}\n{self.err}"
            )
            time.sleep(0.02)
        return self.out

    def stopped_by(self, sent: signal.Signals) -> int:
        self.process.send_signal(sent)
        return self.process.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
