"""A small service behind the edge: what tests of the api room talk to."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

import httpx2
from fastapi import APIRouter, Depends, FastAPI

from fastapi_chassis.api import (
    ExpectedVersion,
    Filters,
    Inject,
    PageParams,
    PageResponse,
    problem_responses,
    setup_api,
)
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    Command,
    InMemoryUnitOfWork,
    MemoryStore,
    Resolver,
    current_context,
)
from fastapi_chassis.config import ApiConfig, EnvironmentEnum, RootConfig
from fastapi_chassis.domain import BaseAggregate, ConflictException
from fastapi_chassis.security import Authenticated, Authenticator, CurrentPrincipal, Public, requires


class Item(BaseAggregate):
    title: str
    price: Decimal = Decimal(1)
    meta: dict[str, object] | None = None


class CreateItem(Command[UUID], public=True):
    title: str
    price: Decimal = Decimal(1)
    meta: dict[str, Any] | None = None


class ItemRepository(AbstractRepositoryInMemory[Item, UUID]):
    """Items, in memory."""


class Chassis:
    """What the application keeps at `app.state.chassis`."""

    def __init__(self, authenticator: Authenticator | None = None) -> None:
        self.draining = False
        self.open_scopes = self.closed_scopes = 0
        self.store = MemoryStore()
        self.instances: dict[object, object] = {Authenticator: authenticator} if authenticator else {}

    def provides(self, wanted: object) -> bool:
        return wanted in self.instances

    def is_application_scoped(self, wanted: object) -> bool:
        return wanted in self.instances

    async def get(self, wanted: Any) -> Any:
        return self.instances[wanted]

    @asynccontextmanager
    async def open_scope(self) -> AsyncIterator[Resolver]:
        self.open_scopes += 1
        async with contextlib.AsyncExitStack() as stack:
            yield MessageScope(self.store, stack)
        self.closed_scopes += 1


class MessageScope:
    def __init__(self, store: MemoryStore, stack: contextlib.AsyncExitStack) -> None:
        self._store = store
        self._stack = stack
        self._work: InMemoryUnitOfWork | None = None

    async def get(self, wanted: Any) -> Any:
        if self._work is None:
            self._work = await self._stack.enter_async_context(InMemoryUnitOfWork(self._store))
            self._stack.push_async_callback(self._work.commit)
        return ItemRepository(self._work)


ItemFilters = Annotated[
    dict[str, Any],
    Depends(
        Filters(
            Item,
            allow={
                "title": ("e", "ilike", "in"),
                "price": ("gte", "lte", "between"),
                "meta__color": ("jsonb_like",),
            },
            order=("price", "title"),
        )
    ),
]

router = APIRouter(prefix="/items", tags=["items"])
plain = APIRouter()


@router.post("/", status_code=201)
async def post_item(command: CreateItem, items: Inject[AbstractRepository[Item, UUID]]) -> UUID:
    item = await items.add(Item(title=command.title, price=command.price, meta=command.meta))
    return item.id


@router.get("/", dependencies=[Public])
async def get_items(
    filters: ItemFilters, page: PageParams, items: Inject[AbstractRepository[Item, UUID]]
) -> PageResponse[str]:
    found = await items.page(**filters, limit=page.limit, after=page.after)
    return PageResponse[str].of(found, lambda item: item.title)


@router.get("/{item_id}", dependencies=[Public], responses=problem_responses(404))
async def get_item(item_id: UUID, items: Inject[AbstractRepository[Item, UUID]]) -> str:
    return (await items.get(item_id)).title


@router.put("/{item_id}", dependencies=[requires("items:write")], responses=problem_responses(404, 409, 412))
async def put_item(item_id: UUID, expected: ExpectedVersion) -> int:
    if expected not in {None, 3}:
        raise ConflictException("Item was changed by somebody else", details={"current_version": 3})
    return 4


@router.get("/me/first", dependencies=[Authenticated])
async def mine(principal: CurrentPrincipal) -> str:
    return principal.subject


@plain.post("/echo", dependencies=[Public])
async def echo(body: dict[str, Any]) -> dict[str, Any]:
    return body


@plain.get("/context/sync", dependencies=[Public])
def context_in_a_thread() -> dict[str, object]:
    context = current_context()
    caller = context.principal.subject if context.principal else None
    return {"correlation_id": context.correlation_id, "caller": caller, "headers": dict(context.headers)}


@plain.post("/key", dependencies=[Public])
async def idempotency_key() -> str | None:
    return current_context().idempotency_key


def build(
    *,
    environment: EnvironmentEnum = EnvironmentEnum.TEST,
    authenticator: Authenticator | None = None,
    routes: Callable[[FastAPI], None] | None = None,
    **api: object,
) -> FastAPI:
    """Makes the application; keywords are those of the section `api`."""
    app = FastAPI(title="stand", version="1", openapi_url="/openapi.json")
    app.state.chassis = Chassis(authenticator)
    config = RootConfig(environment=environment, api=ApiConfig.model_validate(api))
    setup_api(app, config)
    if routes:
        routes(app)
    app.include_router(router, prefix="/api")
    app.include_router(plain, prefix="/api")
    return app


@asynccontextmanager
async def speaking(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand") as client:
        yield client


def problem(response: httpx2.Response, status: int) -> Mapping[str, Any]:
    """Asserts that a response is a problem of this status and returns its members."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    members: dict[str, Any] = response.json()
    assert members["status"] == status
    assert {"type", "title", "instance", "trace_id", "error_code", "error_id"} <= members.keys(), members
    return members


@dataclass
class Exchange:
    """One request, spoken as a server does: what no client library would send."""

    app: FastAPI
    method: str = "POST"
    path: str = "/api/echo"
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ((b"host", b"stand"), (b"content-type", b"application/json"))
    body: tuple[bytes, ...] = (b"{}",)
    is_cut: bool = False
    sent: list[Any] = field(default_factory=list)

    async def run(self) -> "Exchange":
        parts = list(self.body)

        async def receive() -> MutableMapping[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts) or self.is_cut}

        async def send(message: MutableMapping[str, Any]) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(self.path),
            "raw_path": self.path.encode(),
            "query_string": self.query,
            "root_path": "",
            "headers": list(self.headers),
            "client": ("127.0.0.1", 1),
            "server": ("stand", 80),
            "state": {},
        }
        await self.app(scope, receive, send)
        return self

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def answer_headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def json(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))
