import asyncio
from uuid import UUID

import pytest

from fastapi_chassis.app import ApplicationAbstract, InMemoryStore, PluginAbstract, ServiceModule
from fastapi_chassis.app.departures import NoOutboxError
from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    Command,
    Mediator,
    Query,
    TwoStoresError,
)
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import BaseAggregate, IntegrationEvent, WiringError
from tests.unit.app.ledger import builder


class ItemAdded(IntegrationEvent):
    item_id: UUID


class BookAdded(IntegrationEvent):
    book_id: UUID


class Item(BaseAggregate):
    title: str


class Book(BaseAggregate):
    title: str


class Books(AbstractRepository[Book, UUID]):
    pass


type Items = AbstractRepository[Item, UUID]


class AddItem(Command[UUID], public=True):
    title: str


class AddBook(Command[UUID], public=True):
    title: str


class AddBoth(Command[None], public=True):
    title: str


class CountBooks(Query[int], public=True):
    pass


async def add_item(command: AddItem, items: AbstractRepository[Item, UUID]) -> UUID:
    item = Item(title=command.title)
    item.record(ItemAdded(item_id=item.id))
    return (await items.add(item)).id


async def add_book(command: AddBook, books: Books, work: AbstractUnitOfWork) -> UUID:
    assert work.is_active
    book = Book(title=command.title)
    book.record(BookAdded(book_id=book.id))
    return (await books.add(book)).id


async def add_both(command: AddBoth, mediator: Mediator) -> None:
    await mediator.send(AddItem(title=command.title))
    await mediator.send(AddBook(title=command.title))


async def count_books(query: CountBooks, books: Books) -> int:
    return await books.count()


async def note_item(event: ItemAdded, books: Books) -> None:
    await books.add(Book(title=f"of item {event.item_id}"))


async def note_book(event: BookAdded, items: AbstractRepository[Item, UUID]) -> None:
    await items.add(Item(title=f"of book {event.book_id}"))


class Holding(PluginAbstract[PluginConfig]):
    def __init__(self, config: PluginConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self.held = InMemoryStore()

    def store(self) -> InMemoryStore:
        return self.held


class Rows(Holding):
    name = "rows"


class Documents(Holding):
    name = "documents"


class Silent(InMemoryStore):
    """A store without messages."""

    def outbox(self):
        return None

    def inbox(self):
        return None


class Values(Holding):
    name = "values"

    def __init__(self, config: PluginConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self.held = Silent()


ITEMS = ServiceModule("items", handlers=(add_item, add_both), consumers=(note_book,))
BOOKS = ServiceModule(
    "books", handlers=(add_book, count_books), consumers=(note_item,), repositories=(Books,)
)


def made(*modules: ServiceModule, plugins=(Rows, Documents), **settings) -> ApplicationAbstract:
    building = builder(ApplicationAbstract)
    for module in modules or (ITEMS, BOOKS):
        building.add_module(module)
    for plugin in plugins:
        building.add_plugin(plugin)
    for path, value in {"service__store": "rows", **settings}.items():
        building.with_setting(path.replace("__", "."), value)
    return building.build()


def whats(*modules: ServiceModule, **options) -> list[str]:
    with pytest.raises(WiringError) as wrong:
        made(*modules, **options)
    assert all(finding.remedy for finding in wrong.value.findings)
    return [finding.what for finding in wrong.value.findings]


def titles(application: ApplicationAbstract, plugin: str, entity: type) -> list[str]:
    (holding,) = (one for one in application.assembly.plugins if one.instance == plugin)
    return sorted(row.title for row in holding.held._rows.rows(entity).values())


@pytest.mark.requirement("REP-1", "MSG-2", "MSG-5")
async def test_each_module_writes_to_its_own_store_and_events_pass_between_them():
    application = made(modules__books__store="documents")
    await application.start()
    try:
        item = await application.mediator.send(AddItem(title="lamp"))
        book = await application.mediator.send(AddBook(title="Dune"))
        await application.assembly.road.settled()
        assert await application.mediator.send(CountBooks()) == 2
        assert titles(application, "rows", Item) == ["lamp", f"of book {book}"]
        assert titles(application, "documents", Book) == ["Dune", f"of item {item}"]
        assert titles(application, "rows", Book) == titles(application, "documents", Item) == []
    finally:
        await application.stop()


async def test_a_command_within_the_transaction_of_another_store_is_refused_and_nothing_is_kept():
    application = made(modules__books__store="documents")
    await application.start()
    try:
        with pytest.raises(TwoStoresError, match="AddBook was sent within the transaction of another store"):
            await application.mediator.send(AddBoth(title="both"))
        assert titles(application, "rows", Item) == titles(application, "documents", Book) == []
    finally:
        await application.stop()


async def test_a_task_of_its_own_is_not_within_the_transaction():
    async def add_beside(command: AddBoth, mediator: Mediator) -> None:
        await asyncio.create_task(mediator.send(AddBook(title=command.title)))

    items = ServiceModule("items", handlers=(add_item, add_beside))
    application = made(items, BOOKS, modules__books__store="documents")
    await application.start()
    try:
        await application.mediator.send(AddBoth(title="beside"))
        assert "beside" in titles(application, "documents", Book)
    finally:
        await application.stop()


def test_without_names_all_modules_share_the_one_store_that_carries_messages():
    stores = made(plugins=(Documents, Values), service__store="").assembly.stores
    assert [place.name for place in stores.used] == ["documents"]
    assert stores.default.unit_of_work is AbstractUnitOfWork


def test_a_store_that_a_module_names_is_not_the_default_where_another_one_is():
    stores = made(modules__books__store="documents", service__store="").assembly.stores
    assert (stores.default.name, stores.by_module["books"].name) == ("rows", "documents")
    assert (
        made(plugins=(Rows,), modules__books__store="rows", service__store="").assembly.stores.default.name
        == "rows"
    )


def test_a_store_without_messages_is_nobodys_default():
    assert made(plugins=(Values,), service__store="").assembly.stores.default.name == "memory"


def test_memory_is_a_store_that_a_module_may_name():
    stores = made(modules__books__store="memory").assembly.stores
    assert [place.name for place in stores.used] == ["rows", "memory"]


@pytest.mark.requirement("APP-8")
def test_stores_that_are_not_there_are_findings():
    found = whats(service__store="row", modules__books__store="document")
    assert found[:2] == ["row holds no store", "document holds no store"]


@pytest.mark.requirement("APP-8")
def test_several_stores_and_none_named_is_a_finding():
    assert whats(service__store="") == ["several plugins hold a store: documents, rows"]


@pytest.mark.requirement("APP-8")
def test_an_entity_in_two_stores_is_a_finding():
    others = ServiceModule("books", handlers=(count_books,), consumers=(note_book,))
    found = whats(ServiceModule("items", handlers=(add_item,)), others, modules__books__store="documents")
    assert found == ["Item would lie in several stores: documents, rows"]


@pytest.mark.requirement("APP-8")
def test_a_command_that_could_write_nothing_is_a_finding():
    misplaced = ServiceModule("items", handlers=(add_book,))
    books = ServiceModule("books", handlers=(count_books,), repositories=(Books,))
    (found,) = whats(misplaced, books, modules__books__store="documents")
    assert found.endswith(
        "add_book writes to rows, the store of its module, and asks for Books (documents) only"
    )


@pytest.mark.requirement("APP-8")
def test_consumers_on_a_store_without_an_inbox_are_a_finding():
    found = whats(plugins=(Rows, Values), modules__books__store="values")
    assert "module books has consumers, and its store values has no inbox" in found


async def test_events_in_a_store_without_an_outbox_are_refused():
    books = ServiceModule("books", handlers=(add_book,), repositories=(Books,))
    application = made(books, plugins=(Rows, Values), modules__books__store="values")
    await application.start()
    try:
        with pytest.raises(NoOutboxError, match="BookAdded was recorded, and the store values has no outbox"):
            await application.mediator.send(AddBook(title="Dune"))
        assert titles(application, "values", Book) == []
    finally:
        await application.stop()
