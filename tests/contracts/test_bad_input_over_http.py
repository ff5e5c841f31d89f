"""Naughty text through the edge of a service: it is never the service's fault, and finds no wrong row."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import field
from dataclasses import fields as fields_of
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel

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
from fastapi_chassis.application import Selection, matches
from fastapi_chassis.domain import contains, criteria_for
from fastapi_chassis.security import Public
from fastapi_chassis.testing import TestApplication, open_application
from fastapi_chassis.testing.contracts.naughty_strings import NAUGHTY, REFUSED
from fastapi_chassis.testing.contracts.samples import Colour
from tests.contracts.bad_requests import BODIES, FILTERS, QUERIES, RAW, TAMPERED

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


class Things(AbstractRepository[Thing, UUID]):
    """Writes down what reaches the store."""

    asked: ClassVar[list[Selection]] = []

    async def _select(self, selection: Selection) -> list[Thing]:
        self.asked.append(selection)
        return await super()._select(selection)  # type: ignore[safe-super]  # the store's class comes behind


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


class GetThing(Query[Thing], public=True):
    id: UUID


class SearchThings(Query[list[Thing]], public=True):
    filters: dict[str, Any]


async def add_thing(command: AddThing, things: Things) -> UUID:
    given = {spec.name: getattr(command, spec.name) for spec in fields_of(command)}
    return (await things.add(Thing(**given))).id


async def get_thing(query: GetThing, things: Things) -> Thing:
    return await things.get(query.id)


async def list_things(query: ListThings, things: Things) -> Page[Thing]:
    return await things.page(**query.filters, limit=query.limit, after=query.after)


async def search_things(query: SearchThings, things: Things) -> list[Thing]:
    return await things.find(**query.filters)


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


class ThingView(BaseModel):
    title: str
    note: str | None
    meta: dict[str, Any]


@router.post("/", status_code=201, dependencies=[Public])
async def post_thing(command: AddThing, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


@router.get("/", dependencies=[Public])
async def get_things(
    filters: ThingFilters, page: PageParams, mediator: Inject[Mediator]
) -> PageResponse[str]:
    found = await mediator.send(ListThings(filters=filters, limit=page.limit, after=page.after))
    return PageResponse[str].of(found, lambda thing: thing.title)


@router.post("/search", dependencies=[Public])
async def search(query: SearchThings, mediator: Inject[Mediator]) -> list[str]:
    return [thing.title for thing in await mediator.send(query)]


@router.get("/{thing_id}", dependencies=[Public])
async def get_one(thing_id: UUID, mediator: Inject[Mediator]) -> ThingView:
    return ThingView.model_validate(await mediator.send(GetThing(id=thing_id)), from_attributes=True)


class Shelf(ApplicationAbstract):
    name = "shelf"
    modules = (
        ServiceModule(
            "things",
            routers=(router,),
            handlers=(add_thing, get_thing, list_things, search_things),
            repositories=(Things,),
        ),
    )


@pytest.fixture(
    params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.backends("postgresql"))]
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/things.db" if request.param == "sqlite" else None


@pytest.fixture
async def app(store_url: str | None) -> AsyncIterator[TestApplication]:
    builder = ApplicationGenericBuilder(Shelf)
    if store_url:
        builder = builder.with_setting("plugins.sqlalchemy.url", store_url)
    async with open_application(builder.build()) as app:
        Things.asked.clear()
        yield app


@pytest.fixture
def client(app: TestApplication) -> httpx2.AsyncClient:
    return app.client


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
        added = await client.post("/api/things/", json=sent)
        assert fine(added) == 201, ascii(text)
        assert (await client.get(f"/api/things/{added.json()}")).json() == sent
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


@pytest.mark.requirement("REP-3", "API-5")
async def test_what_no_browser_sends(client: httpx2.AsyncClient) -> None:
    await client.post("/api/things/", json={"title": "only", "price": "1", "seen_at": "2024-05-01T00:00:00Z"})
    for query in RAW:
        status = fine(await client.get(httpx2.URL(f"http://test/api/things/?{query}")))
        assert status in {200, 400, 414, 422, 431}, query[:80]
        if "password" in query:
            assert status == 422, query


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


@pytest.mark.requirement("REP-3", "API-1")
async def test_text_that_no_store_can_hold_is_refused_and_not_kept(client: httpx2.AsyncClient) -> None:
    titles = []
    for text in REFUSED:
        read = json.loads(json.dumps(text))  # two halves that stand together are one character
        whole = "\x00" not in read and not any("\ud800" <= one <= "\udfff" for one in read)
        for sent in ({"title": text}, {"title": "a", "note": text}, {"title": "a", "meta": {"k": [text]}},
                     {"title": "a", "meta": {text: 1}}):  # fmt: skip
            added = await client.post(
                "/api/things/", content=json.dumps(sent), headers={"content-type": "application/json"}
            )
            assert fine(added) in ({201} if whole else {400, 422}), ascii(sent)
            if whole:
                kept = (await client.get(f"/api/things/{added.json()}")).json()
                assert kept == {"note": None, "meta": {}} | json.loads(json.dumps(sent))
                titles.append(kept["title"])
    listed = await client.post("/api/things/search", json={"filters": {"order": ["title"]}})
    assert listed.json() == sorted(titles)


@pytest.mark.requirement("REP-3", "API-5")
async def test_a_wrong_query_is_refused_before_anything_is_asked(client: httpx2.AsyncClient) -> None:
    for query in QUERIES:
        response = await client.get(httpx2.URL(f"http://test/api/things/?{query}"))
        assert fine(response) == 422, query[:80]
        assert len(response.content) < 10_000
    assert Things.asked == []
    assert fine(await client.get("/api/things/?title=a")) == 200
    assert len(Things.asked) == 1  # what is right does come here


@pytest.mark.requirement("REP-3", "API-5")
async def test_a_query_longer_than_a_client_sends_is_refused_before_anything_is_asked(
    app: TestApplication,
) -> None:
    async def lengthened(scope: Any, receive: Any, send: Any) -> None:
        await app.application({**scope, "query_string": b"&".join([b"title__in=a"] * 100_000)}, receive, send)

    transport = httpx2.ASGITransport(lengthened, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/api/things/")
    assert fine(response) == 422
    assert list(response.json()["errors"]) == ["title__in"]
    assert Things.asked == []


@pytest.mark.requirement("REP-3")
async def test_a_wrong_filter_in_a_body_is_refused_before_anything_is_asked(
    client: httpx2.AsyncClient,
) -> None:
    for filters in FILTERS:
        response = await client.post("/api/things/search", json={"filters": filters})
        assert fine(response) == 422, str(filters)[:80]
        assert len(response.content) < 50_000
    assert Things.asked == []
    assert fine(await client.post("/api/things/search", json={"filters": {"title": "a"}})) == 200
    assert len(Things.asked) == 1


@pytest.mark.requirement("REP-2", "REP-3", "API-5")
async def test_a_tampered_cursor_is_refused_before_anything_is_asked(client: httpx2.AsyncClient) -> None:
    for title in "abc":
        await client.post("/api/things/", json={"title": title})
    asked = "/api/things/?limit=1&order=title&title__like="
    cursor = (await client.get(asked)).json()["next"]
    Things.asked.clear()
    for tamper in TAMPERED:
        assert fine(await client.get(f"{asked}&after={quote(tamper(cursor), safe='')}")) == 422
    for other in ("limit=1&title__like=", "limit=1&order=-title&title__like=", "limit=1&order=title",
                  "limit=1&order=title&title__like=a", "limit=1&order=title&title__ilike="):  # fmt: skip
        assert fine(await client.get(f"/api/things/?{other}&after={cursor}")) == 422, other
    assert Things.asked == []
    assert (await client.get(f"{asked}&after={cursor}")).json()["items"] == ["b"]
