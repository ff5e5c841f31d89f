"""Documents of Beanie fail as repositories do, and repositories read what they write."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

import pytest

from fastapi_chassis.domain import AlreadyExistsException, ConflictException, NotFoundException, WiringError
from fastapi_chassis.plugins.odm import DocumentDatabase, ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.connection import open_odm
from fastapi_chassis.plugins.odm.documents import BaseDocument, init_documents
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]


class Shelf(BaseDocument):
    label: str
    width: Decimal = Decimal(0)

    class Settings:
        name = "shelves"


class OrderDocument(BaseDocument):
    version: int = 0
    number: int
    buyer: str | None = None
    total: Decimal = Decimal(0)
    at: object = None

    class Settings:
        name = "orders"
        keep_nulls: ClassVar[bool] = True


@pytest.fixture
async def bound(config: ODMConfig) -> AsyncIterator[None]:
    async with open_odm(DocumentDatabase(config)) as mongo:
        await init_documents(mongo, Shelf)
        yield


@pytest.mark.usefixtures("bound")
async def test_it_knows_when_it_was_stored_and_comes_back_exactly() -> None:
    shelf = Shelf(label="top", width=Decimal("1.10"))
    await shelf.insert()
    found = await Shelf.get(shelf.id)
    assert found is not None
    assert isinstance(found.id, UUID)
    assert str(found.width) == "1.10"
    assert found.created_at.tzinfo is not None
    await asyncio.sleep(0.002)
    found.label = "bottom"
    await found.replace()
    again = await Shelf.get(shelf.id)
    assert again is not None
    assert again.created_at == found.created_at
    assert again.updated_at > again.created_at


@pytest.mark.usefixtures("bound")
async def test_a_taken_identity() -> None:
    shelf = await Shelf(label="top").insert()
    with pytest.raises(AlreadyExistsException, match="Shelf exists already"):
        await Shelf(id=shelf.id, label="other").insert()


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("write", ["replace", "save", "set"])
async def test_of_two_writers_the_second_is_told(write: str) -> None:
    shelf = await Shelf(label="top").insert()
    first, second = await Shelf.get(shelf.id), await Shelf.get(shelf.id)
    assert first is not None
    assert second is not None
    first.label, second.label = "first", "second"
    await first.replace()
    revision = second.revision_id
    with pytest.raises(ConflictException) as told:
        await (second.set({"label": "second"}) if write == "set" else getattr(second, write)())
    assert told.value.details["current_version"] == str(first.revision_id)
    assert second.revision_id == revision
    stored = await Shelf.get(shelf.id)
    assert stored is not None
    assert stored.label == "first"


@pytest.mark.usefixtures("bound")
async def test_what_is_gone_is_not_found() -> None:
    shelf = await Shelf(label="top").insert()
    await shelf.delete()
    with pytest.raises(NotFoundException):
        await shelf.delete()
    with pytest.raises(NotFoundException):
        await shelf.replace()


def test_settings_of_its_own_keep_the_revision() -> None:
    assert Shelf.get_settings is not None
    assert Shelf.Settings.use_revision is True  # type: ignore[attr-defined]  # the base class adds it


async def test_a_repository_in_the_collection_of_a_document(config: ODMConfig) -> None:
    store = ODMStore(DocumentDatabase(config))
    orders = store.repository(OrderRepository, OrderDocument)
    async with open_odm(store.documents):
        await store.open_classes()
        async with store.unit_of_work() as work:
            order = await orders(work).add(Order(number=7, total=Decimal("2.50")))
            await work.commit()
        document = await OrderDocument.get(order.id)  # type: ignore[attr-defined]  # an entity of ours
        assert document is not None
        assert (document.number, document.total, document.version) == (7, Decimal("2.50"), 1)


def test_a_document_that_lacks_a_field_is_found_when_the_application_is_built(config: ODMConfig) -> None:
    with pytest.raises(WiringError, match="Shelf has no field number, as Order has"):
        ODMStore(DocumentDatabase(config)).repository(OrderRepository, Shelf)
    with pytest.raises(WiringError, match="is of type int"):
        ODMStore(DocumentDatabase(config)).repository(OrderRepository, 7)
