"""Shop and Member: what people do with the bookshop, in the words of the tests."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from bookshop.users.commands import AppointAdministrator
from fastapi_chassis.application import SYSTEM, MessageContext, use_context
from fastapi_chassis.testing import TestApplication

SERVICE = Path(__file__).parents[1]
PASSWORD = "correct horse battery"


def assert_problem(response: httpx2.Response, status: int, code: str | None = None) -> dict[str, object]:
    """Asserts a problem of RFC 9457 and returns it."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"] == "application/problem+json", response.headers
    problem: dict[str, object] = response.json()
    assert problem["status"] == status
    assert problem["trace_id"]
    assert problem["error_id"]
    if code is not None:
        assert problem["error_code"] == code, problem
    return problem


@dataclass
class Member:
    """Somebody who has logged in."""

    client: httpx2.AsyncClient
    id: str
    email: str
    access: str
    refresh: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.access}"}

    async def request(self, method: str, path: str, **options: object) -> httpx2.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: object) -> httpx2.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: object) -> httpx2.Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: object = None, **options: object) -> httpx2.Response:
        return await self.request("PUT", path, json=json, **options)

    async def delete(self, path: str, **options: object) -> httpx2.Response:
        return await self.request("DELETE", path, **options)

    async def offer(self, title: str = "Dune", **more: object) -> dict[str, object]:
        response = await self.post("/api/items/", {"title": title, **more})
        assert response.status_code == 201, response.text
        return response.json()


class Shop:
    """The bookshop, as its members meet it."""

    def __init__(self, app: TestApplication) -> None:
        self.app = app
        self.client = app.client

    async def sign_up(self, email: str = "ada@example.com", password: str = PASSWORD) -> httpx2.Response:
        return await self.client.post("/api/v1/auth/sign-up/", json={"email": email, "password": password})

    async def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> httpx2.Response:
        return await self.client.post("/api/v1/auth/tokens/", json={"email": email, "password": password})

    async def refreshed(self, token: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.post("/api/v1/auth/tokens/refresh/", headers=headers)

    async def entered(self, email: str = "ada@example.com") -> Member:
        """Logs in a member who has signed up."""
        response = await self.log_in(email)
        assert response.status_code == 200, response.text
        body = response.json()
        return Member(self.client, body["user_data"]["uuid"], email, body["access"], body["refresh"])

    async def member(self, email: str = "ada@example.com") -> Member:
        """Signs somebody up and logs them in."""
        response = await self.sign_up(email)
        assert response.status_code == 201, response.text
        return await self.entered(email)

    async def administrator(self, email: str = "root@example.com") -> Member:
        """Signs an administrator up and logs them in."""
        await self.sign_up(email)
        with use_context(MessageContext(principal=SYSTEM)):
            await self.app.application.mediator.send(AppointAdministrator(email=email))
        return await self.entered(email)
