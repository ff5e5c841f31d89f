"""One feature in one folder asks its questions once, and every store answers them alike."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder
from fastapi_chassis.testing import TestApplication, open_application
from tests.integration.experience.items.commands import CreateItem, ImportItems
from tests.integration.experience.items.events import ItemCreated
from tests.integration.experience.items.handlers import announce
from tests.integration.experience.items.module import items_module
from tests.integration.experience.items.queries import ActiveTitles, NewestOf, SearchItems


class Shop(ApplicationAbstract):
    name = "shop"
    modules = (items_module,)


def on_every_store(*, but: str = "") -> pytest.MarkDecorator:
    stores = ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.backends("postgresql"))]
    return pytest.mark.parametrize("store", [one for one in stores if one != but])


@pytest.fixture
def database_url(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> str | None:
    if store == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path}/shop.db" if store == "sqlite" else None


@pytest.fixture
async def shop(database_url: str | None, tmp_path: Path) -> AsyncIterator[TestApplication]:
    builder = ApplicationGenericBuilder(Shop).with_sources(directory=tmp_path, profile="test", environ={})
    if database_url is not None:
        builder.with_setting("plugins.sqlalchemy.url", database_url)
    async with open_application(builder.build()) as running:
        yield running


@on_every_store()
@pytest.mark.requirement("REP-1", "REP-2", "REP-3")
async def test_page_with_every_kind_of_lookup(shop: TestApplication) -> None:
    send, owner = shop.application.mediator.send, uuid4()
    wares = [
        ("Red one", "5", {"color": "dark red"}),
        ("red TWO", "10", {"color": "Red"}),
        ("Red three", "7.50", {"color": "RED"}),
        ("Red but dear", "10.01", {"color": "red"}),
        ("Red but blue", "6", {"color": "blue"}),
        ("Red without", "6", {}),
        ("Green", "6", {"color": "red"}),
    ]
    for title, price, meta in wares:
        await send(CreateItem(title=title, owner_id=owner, price=Decimal(price), meta=meta))

    first = await send(SearchItems(text="rEd", limit=2))
    assert [item.title for item in first.items] == ["Red three", "red TWO"]
    rest = await send(SearchItems(text="rEd", limit=2, cursor=first.next))
    assert [item.title for item in rest.items] == ["Red one"]
    assert rest.next is None
    whole = await send(SearchItems(text="rEd"))
    assert whole.items == first.items + rest.items


@on_every_store()
@pytest.mark.requirement("REP-1")
async def test_question_of_the_feature(shop: TestApplication) -> None:
    send, owner = shop.application.mediator.send, uuid4()
    for title in ("old", "young"):
        await send(CreateItem(title=title, owner_id=owner, price=Decimal(1)))
    await send(ImportItems(owner_id=owner, titles=("asleep",), is_active=False))
    await send(CreateItem(title="of another", owner_id=uuid4(), price=Decimal(1)))
    assert [item.title for item in await send(NewestOf(owner_id=owner))] == ["young", "old"]
    assert [item.title for item in await send(NewestOf(owner_id=owner, limit=1))] == ["young"]


@on_every_store()
@pytest.mark.requirement("REP-4")
async def test_ten_thousand_rows_and_a_stream(shop: TestApplication) -> None:
    send, titles = shop.application.mediator.send, tuple(f"item {number}" for number in range(10_000))
    assert await send(ImportItems(owner_id=uuid4(), titles=titles)) == 10_000
    await send(ImportItems(owner_id=uuid4(), titles=("asleep",), is_active=False))
    assert sorted(await send(ActiveTitles())) == sorted(titles)


@on_every_store(but="memory")
@pytest.mark.requirement("REP-4")
async def test_ten_thousand_rows_are_a_few_statements(shop: TestApplication) -> None:
    engine = await shop.get(AsyncEngine)
    inserted: list[int] = []

    def note(connection, cursor, statement: str, parameters: object, *rest: object) -> None:
        inserted.extend([1] * statement.startswith("INSERT INTO items"))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    titles = tuple(f"item {number}" for number in range(10_000))
    await shop.application.mediator.send(ImportItems(owner_id=uuid4(), titles=titles))
    if engine.dialect.name == "postgresql":  # asked by the driver; each row knows the command that wrote it
        async with engine.connect() as connection:
            commands = text("SELECT count(DISTINCT (xmin::text, cmin::text)), count(*) FROM items")
            written, rows = (await connection.execute(commands)).one()
        assert rows == 10_000
        inserted = [1] * written
    assert 1 <= len(inserted) <= 20


@on_every_store()
@pytest.mark.requirement("DOM-6")
async def test_the_feature_from_its_routes_to_its_consumer(shop: TestApplication) -> None:
    owner = str(uuid4())
    body = {"title": "Dune", "owner_id": owner, "price": "7.25", "meta": {"color": "red"}}
    created = await shop.client.post("/api/items/", json=body)
    assert created.status_code == 201
    listed = await shop.client.get(f"/api/items/of/{owner}")
    assert listed.json() == [{"id": created.json(), "title": "Dune", "price": "7.25"}]
    await shop.settled()
    shop.published(ItemCreated, title="Dune")
    shop.handled(announce, times=1)
    refused = await shop.client.post("/api/items/", json=body | {"price": "-1"})
    assert (refused.status_code, refused.json()["errors"]) == (422, {"price": ["below 0"]})
