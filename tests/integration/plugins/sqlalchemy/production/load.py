"""Clients that send commands and queries without a pause, and what they were answered."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi_chassis.testing import TestApplication


@dataclass(frozen=True, slots=True)
class Answer:
    began: float
    ended: float
    method: str
    status: int
    body: dict[str, object]
    headers: dict[str, str]

    @property
    def took(self) -> float:
        return self.ended - self.began


@dataclass(slots=True)
class Load:
    """So many clients on a service."""

    app: TestApplication
    answers: list[Answer] = field(default_factory=list)
    over: bool = False

    async def ask(self, method: str, number: int) -> None:
        body = {"owner": f"client {number}"} if method == "POST" else None
        began = time.monotonic()
        response = await self.app.client.request(method, "/accounts", json=body)
        shown = response.json() if response.status_code >= 400 else {}
        headers = dict(response.headers)
        now = time.monotonic()
        self.answers.append(Answer(began, now, method, response.status_code, shown, headers))
        if response.status_code >= 400:
            await asyncio.sleep(0.01)  # as a client that was told to come later

    async def client(self, number: int) -> None:
        while not self.over:
            await self.ask("POST", number)
            await self.ask("GET", number)

    @property
    def acknowledged(self) -> int:
        return sum(answer.status == 201 for answer in self.answers)

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status >= 400]

    def first_success(self, since: float) -> float:
        """Seconds from a moment to the first good answer to a command and to a query that began after it."""
        firsts = []
        for method in ("POST", "GET"):
            ended = [
                answer.ended
                for answer in self.answers
                if answer.method == method and answer.status < 400 and answer.began >= since
            ]
            assert ended, f"no {method} succeeded after the server was back"
            firsts.append(min(ended) - since)
        return max(firsts)


@asynccontextmanager
async def clients(app: TestApplication, number: int = 16) -> AsyncIterator[Load]:
    """Sends while the block runs, and waits for the last answers at its end."""
    load = Load(app)
    async with asyncio.TaskGroup() as group:
        for one in range(number):
            group.create_task(load.client(one))
        try:
            yield load
        finally:
            load.over = True


def assert_problems(answers: list[Answer]) -> None:
    """Each is a 503 problem that says when to come again, and nothing of what is inside."""
    for answer in answers:
        assert answer.status == 503, answer.body
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.body["error_code"] == "UNAVAILABLE"
        assert "127.0.0.1" not in str(answer.body)
        assert "postgres" not in str(answer.body)
