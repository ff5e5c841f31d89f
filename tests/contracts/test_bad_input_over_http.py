"""Naughty text through the edge of a service: it is never the service's fault, and finds no wrong row."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import field
from dataclasses import fields as fields_of
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends

from fastapi_chassis import (
    AbstractRepository,
    ApplicationAbstract,
    ApplicationGenericBuilder,
    BaseAggregate,
    Command,
    Inject,
    Mediator,
    Page,
    Query,
    ServiceModule,
)
from fastapi_chassis.api import Filters, PageParams, PageResponse
from fastapi_chassis.application import matches
from fastapi_chassis.domain import contains, criteria_for
from fastapi_chassis.security import Public
from fastapi_chassis.testing import open_application
from fastapi_chassis.testing.contracts.naughty_strings import NAUGHTY
from fastapi_chassis.testing.contracts.samples import Colour

LONGEST = 200  # characters of a filter's text


class Thing(BaseAggregate):
    title: str
    note: str | None = None
    password_hashed: str = "$argon2id$secret"
    amount: int = 0
    rank: int | None = None
    weight: float = 0.0
    price: Decimal = Decimal(0)
    is_active: bool = True
    seen_at: datetime | None = None
    day: date | None = None
    span: timedelta | None = None
    owner_id: UUID | None = None
    colour: Colour = Colour.RED
    meta: dict[str, Any] = field(default_factory=dict)


class AddThing(Command[UUID], public=True):
    title: str
    note: str | None = None
    amount: int = 0
    weight: float = 0.0
    price: Decimal = Decimal(0)
    seen_at: datetime | None = None
    span: timedelta | None = None
    meta: dict[str, Any] = field(default_factory=dict)


class ListThings(Query[Page[Thing]], public=True):
    filters: dict[str, Any]
    limit: int
    after: str | None


async def add_thing(command: AddThing, things: AbstractRepository[Thing, UUID]) -> UUID:
    given = {spec.name: getattr(command, spec.name) for spec in fields_of(command)}
    return (await things.add(Thing(**given))).id


async def list_things(query: ListThings, things: AbstractRepository[Thing, UUID]) -> Page[Thing]:
    return await things.page(**query.filters, limit=query.limit, after=query.after)


COMPARED = ("e", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "between")
ALLOWED: dict[str, tuple[str, ...]] = {
    "title": (*COMPARED, "like", "ilike", "not_like_all"),
    "note": ("e", "is_null", "ilike"),
    **dict.fromkeys(("amount", "rank", "weight", "price", "seen_at", "day", "span"), (*COMPARED, "is_null")),
    "owner_id": ("e", "in", "is_null"),
    "is_active": ("e", "ne"),
    "colour": ("e", "in"),
    "meta__k": ("e", "ne", "jsonb_like", "jsonb_not_like", "is_null"),
}
PARAMETERS = [
    name if one == "e" else f"{name}__{one}" for name, lookups in ALLOWED.items() for one in lookups
]
ThingFilters = Annotated[
    dict[str, object], Depends(Filters(Thing, allow=ALLOWED, order=("title", "amount", "price", "seen_at")))
]

router = APIRouter(prefix="/api/things")


@router.post("/", status_code=201, dependencies=[Public])
async def post_thing(command: AddThing, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


@router.get("/", dependencies=[Public])
async def get_things(
    filters: ThingFilters, page: PageParams, mediator: Inject[Mediator]
) -> PageResponse[str]:
    found = await mediator.send(ListThings(filters=filters, limit=page.limit, after=page.after))
    return PageResponse[str].of(found, lambda thing: thing.title)


class Shelf(ApplicationAbstract):
    name = "shelf"
    modules = (ServiceModule("things", routers=(router,), handlers=(add_thing, list_things)),)


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.backends("postgresql"))]
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/things.db" if request.param == "sqlite" else None


@pytest.fixture
async def client(store_url: str | None) -> AsyncIterator[httpx2.AsyncClient]:
    builder = ApplicationGenericBuilder(Shelf)
    if store_url:
        builder = builder.with_setting("plugins.sqlalchemy.url", store_url)
    async with open_application(builder.build()) as app:
        yield app.client


def fine(response: httpx2.Response) -> int:
    assert response.status_code < 500, ascii(response.text)[:500]
    assert "argon2id" not in response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


def batches(texts: list[str]) -> Iterator[tuple[int, str]]:
    """Gives each text to one parameter in turn, so that each parameter meets many."""
    return ((number % len(PARAMETERS), text) for number, text in enumerate(texts))


@pytest.mark.requirement("REP-2", "REP-3", "MISTAKE-16")
async def test_naughty_text_finds_itself(client: httpx2.AsyncClient) -> None:
    things = []
    for text in NAUGHTY:
        sent = {"title": text, "note": text, "meta": {"k": text, text: text}}
        assert fine(await client.post("/api/things/", json=sent)) == 201
        things.append(Thing(title=text, note=text, meta={"k": text}))
    short = [text for text in NAUGHTY if len(text) <= LONGEST]
    for number, text in enumerate(short):
        key, value = (
            ("title", text),
            ("title__ilike", text),
            ("title__like", text),
            ("meta__k__jsonb_like", text),
            ("note", text),
            ("meta__k", text),
        )[number % 6]
        response = await client.get(f"/api/things/?{key}={quote(value, safe='')}&limit=100&order=title")
        assert fine(response) == 200, ascii(text)
        meant = contains(value) if key in {"title__ilike", "title__like"} else value
        criteria = criteria_for(Thing, {key: meant})
        expected = sorted(one.title for one in things if matches(one, criteria))
        assert response.json()["items"] == expected[:100], (key, ascii(text))


@pytest.mark.requirement("REP-3", "API-5")
async def test_naughty_text_in_every_parameter(client: httpx2.AsyncClient) -> None:
    await client.post("/api/things/", json={"title": "only"})
    for place, text in batches([*NAUGHTY, *reversed(NAUGHTY)]):
        fine(await client.get(f"/api/things/?{PARAMETERS[place]}={quote(text, safe='')}"))
    for text in NAUGHTY[::3]:
        sent = quote(text, safe="")
        assert fine(await client.get(f"/api/things/?no{sent}=1")) == 422
        assert fine(await client.get(f"/api/things/?after={sent}")) == 422
        assert fine(await client.get(f"/api/things/?order={sent}")) == 422
        assert fine(await client.get(f"/api/things/?limit={sent}")) in {200, 422}


RAW: tuple[str, ...] = (
    "title=%00", "title=%ED%A0%80", "title=%FF%FE", "title=%C0%AF", "title=%", "title=%u0041", "title=%0d%0a",
    "title__ilike=%00", "meta__k=%00", "meta__k__jsonb_like=%ED%A0%80", "title__in=%00&title__in=a", "=", "&",
    "&&==", "title", "title[]=a", "title[$gt]=", "title.x=a", "title=a;title=b", "%00=1", "%FF=1",
    "password_hashed=%25", "password_hashed__like=%25", "password_hashed__ilike=a", "order=password_hashed",
    "__class__=1", "__dict__=1", "title__class__=1", "_events=1", "version=1", "id=1", "removed_at=1",
    "meta=1", "meta__a=1", f"{'meta__' + '__'.join('ab' * 25)}=1", "meta__k__k=1", "meta__k__jsonb_like__e=1",
    "amount=true", "amount=1.0", "amount=1e3", "amount=0x10", "amount=+1", "amount= 1", "amount=1_0",
    "amount=", "amount=9223372036854775807", "amount=9223372036854775808", "amount=-9223372036854775809",
    f"amount={'9' * 5_000}", "rank=null", "rank__is_null=maybe", "rank__is_null=2", "amount__between=2",
    "weight=nan", "weight=1e400", "weight=-inf", "weight=1e-400", "weight=-0", "is_active=2", "is_active=yes",
    "price=NaN", "price=sNaN", "price=Infinity", "price=1e999", "price=1e1001", "price__lt=1e999999999",
    "price__gt=-1e999999999", "price__in=1e-999999999", "price__between=0e999999&price__between=1",
    "seen_at=2024-05-01", "seen_at__gte=2024-05-01T00:00:00", "seen_at__lt=0001-01-01T00:00:00%2B23:59",
    "seen_at__gt=9999-12-31T23:59:59.999999-23:59", "seen_at=0", "seen_at=1e30", "seen_at=-1", "seen_at=now",
    "day=2024-02-30", "day=0001-01-01", "day__lt=9999-12-31", "day=99999-01-01", "span=P1D",
    "span__gt=P999999999D", "span__lt=-P999999999D", "span=1e300", "owner_id=x", "owner_id=%7B0%7D",
    "colour=RED", "colour=purple", "title__between=b&title__between=a", "title__in=" + "a" * 201,
    "title__ilike=" + "%25" * 200, "&".join("title__in=a" for _ in range(5_000)),
    "&".join(f"x{number}=1" for number in range(5_000)), "title=" + "a" * 50_000, "after=" + "a" * 50_000,
)  # fmt: skip


@pytest.mark.requirement("REP-3", "API-5")
async def test_what_no_browser_sends(client: httpx2.AsyncClient) -> None:
    await client.post("/api/things/", json={"title": "only", "price": "1", "seen_at": "2024-05-01T00:00:00Z"})
    for query in RAW:
        status = fine(await client.get(httpx2.URL(f"http://test/api/things/?{query}")))
        assert status in {200, 400, 414, 422, 431}, query[:80]
        if "password" in query:
            assert status == 422, query


BODIES: tuple[str, ...] = (
    *(json.dumps({"title": text}) for text in ("\x00", "\ud800", "a\udfff", "\ud83d\ude00", "x" * 100_000)),
    '{"title": "a", "meta": {"k": "\\ud800"}}', '{"title": "a", "meta": {"\\ud800": 1}}',
    '{"title": "a", "meta": {"k": "\\u0000"}}', '{"title": "a", "meta": {"\\u0000": 1}}',
    '{"title": "a", "meta": {"k": 1e400}}', '{"title": "a", "meta": {"k": NaN}}',
    '{"title": "a", "meta": []}', '{"title": "a", "meta": {"k": 18446744073709551616}}',
    '{"title": "a", "meta": {"__proto__": {"x": 1}}}', '{"title": "a", "meta": {"$where": "1"}}',
    '{"title": "a", "meta": {"a.b": {"$gt": ""}}}',
    '{"title": "a", "meta": ' + '{"k":' * 500 + "1" + "}" * 501,
    '{"title": "a", "meta": {"k": ' + "[" * 50_000 + "]" * 50_000 + "}}",
    '{"title": "a", "price": "1e999999999"}', '{"title": "a", "price": 1e400}',
    '{"title": "a", "price": "NaN"}', '{"title": "a", "amount": 9223372036854775808}',
    '{"title": "a", "amount": true}', '{"title": "a", "amount": "1"}', '{"title": "a", "weight": 1e999}',
    '{"title": "a", "weight": Infinity}', '{"title": "a", "weight": "nan"}',
    '{"title": "a", "seen_at": "0001-01-01T00:00:00+23:59"}',
    '{"title": "a", "seen_at": "2024-05-01T00:00:00"}', '{"title": "a", "seen_at": 1e300}',
    '{"title": "a", "span": 1e300}', '{"title": "a", "span": "P999999999D"}', '{"title": {"$gt": ""}}',
    '{"title": ["a"]}', '{"title": null}', '{"title": 1}', "{}", "[]", "null", '"a"', "1",
    '{"title": "a", "title": "b"}', '{"title": "a", "password_hashed": "x"}',
    '{"title": "a", "__class__": "x"}', "{", "", "\x00", "\ufeff{}", '{"title": "\x01"}', "title=a", "<a/>",
    "[" * 100_000,
)  # fmt: skip


@pytest.mark.requirement("REP-3", "API-1")
async def test_what_no_client_writes(client: httpx2.AsyncClient) -> None:
    for body in BODIES:
        sent = body.encode("utf-8", "surrogatepass")
        response = await client.post(
            "/api/things/", content=sent, headers={"content-type": "application/json"}
        )
        assert fine(response) in {201, 400, 413, 422}, ascii(body)[:80]
    assert fine(await client.get("/api/things/?limit=100")) == 200
    assert fine(await client.get("/api/things/?limit=100&order=-price&order=seen_at")) == 200
