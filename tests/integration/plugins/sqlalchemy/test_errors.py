"""What a database refuses reaches the caller in the families of the service."""

from uuid import UUID

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    func,
    text,
)

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import (
    AlreadyExistsException,
    BaseAggregate,
    ConflictException,
    ValidationException,
    new_id,
)
from fastapi_chassis.plugins.sqlalchemy import SchemaError
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from tests.integration.plugins.sqlalchemy.accounts import config_for

TABLES = MetaData()
AUTHORS = Table(
    "authors",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("email", String(20), nullable=False),
)
Index("authors_email", func.lower(AUTHORS.c.email), unique=True)
BOOKS = Table(
    "books",
    TABLES,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("author_id", Uuid, ForeignKey("authors.id"), nullable=False),
    Column("pages", Integer, CheckConstraint("pages > 0"), nullable=False),
)


class Author(BaseAggregate):
    email: str


class Book(BaseAggregate):
    author_id: UUID
    pages: int = 1


@pytest.fixture
async def store(url):
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config_for(url)))
        async with store.database.engine.begin() as connection:
            await connection.run_sync(TABLES.create_all)
        yield store


def authors(store, work):
    return store.repository(AbstractRepository[Author, UUID], AUTHORS)(work)


async def add(store, repository, entity):
    async with store.unit_of_work() as work:
        await repository(store, work).add(entity)
        await work.commit()


def books(store, work):
    return store.repository(AbstractRepository[Book, UUID], BOOKS)(work)


@pytest.mark.requirement("MISTAKE-16")
async def test_an_email_is_unique_without_case(store):
    async with store.unit_of_work() as work:
        people = authors(store, work)
        await people.add(Author(email="ada@example.com"))
        with pytest.raises(AlreadyExistsException):
            await people.add(Author(email="ADA@example.com"))
        other = await people.add(Author(email="bob@example.com"))
        other.email = "Ada@Example.com"
        with pytest.raises(AlreadyExistsException):
            await people.update(other)
        with pytest.raises(AlreadyExistsException):
            await people.add_many([Author(email="eve@example.com"), Author(email="BOB@example.com")])
        await work.commit()
    assert await authors(store, store.unit_of_work()).count() == 2


async def test_a_missing_parent_is_a_conflict_and_nothing_can_be_committed_after_it(store):
    author = Author(email="ada@example.com")
    async with store.unit_of_work() as work:
        await authors(store, work).add(author)
        with pytest.raises(ConflictException):
            await books(store, work).add(Book(author_id=new_id()))
        # PostgreSQL would answer this commit with a silent rollback
        with pytest.raises(ConflictException):
            await work.commit()
    async with store.unit_of_work() as work:
        await authors(store, work).add(author)
        await books(store, work).add(Book(author_id=author.id))
        await work.commit()
    with pytest.raises(ConflictException):
        async with store.unit_of_work() as work:
            await authors(store, work).remove(author)


async def test_what_a_column_can_not_hold_is_invalid(store):
    author = Author(email="ada@example.com")
    async with store.unit_of_work() as work:
        await authors(store, work).add(author)
        await work.commit()
    with pytest.raises(ValidationException):
        await add(store, books, Book(author_id=author.id, pages=0))
    if store.database.dialect.name == "postgresql":  # SQLite holds it
        with pytest.raises(ValidationException):
            await add(store, books, Book(author_id=author.id, pages=2**40))
        with pytest.raises(ValidationException) as told:
            await add(store, authors, Author(email="x" * 21))
        assert "x" * 21 not in str(told.value)


@pytest.mark.requirement("APP-8")
async def test_a_missing_table_is_told_to_the_operator(store):
    with pytest.raises(SchemaError, match="run chassis migrate"):
        await store.database.read(lambda connection: connection.execute(text("SELECT * FROM nowhere")))


async def test_no_exception_of_the_database_or_its_values_reach_the_caller(store):
    secret = "secret-value-of-a-row"
    async with store.unit_of_work() as work:
        people = authors(store, work)
        await people.add(Author(email=secret[:20]))
        with pytest.raises(AlreadyExistsException) as told:
            await people.add_many([Author(email=secret[:20]), Author(email="b")])
    assert secret[:20] not in str(told.value)
    assert type(told.value).__module__.startswith("fastapi_chassis.")
