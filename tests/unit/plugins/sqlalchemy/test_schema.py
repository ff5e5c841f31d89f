from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Uuid

from fastapi_chassis.application import AbstractRepository, bind_repository
from fastapi_chassis.domain import BaseAggregate, WiringError
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyRepository, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.plugins.sqlalchemy.dialects import DIALECTS
from fastapi_chassis.plugins.sqlalchemy.schema import Schema

METADATA = MetaData()
ITEMS = Table(
    "items", METADATA, Column("id", Uuid, primary_key=True), Column("version", Integer, nullable=False)
)
TAGS = Table("tags", METADATA, Column("id", Uuid, primary_key=True))


class Item(BaseAggregate):
    pass


class Box(BaseAggregate):
    pass


class ItemRepository(SqlAlchemyRepository[Item, UUID]):
    table = ITEMS


def test_a_repository_that_derives_from_the_vendor_has_its_table():
    schema = Schema(DIALECTS["sqlite"])
    assert schema.stored(ItemRepository).table is ITEMS
    assert schema.stored(ItemRepository) is schema.stored(ItemRepository)


def test_every_repository_of_an_entity_lies_in_the_given_table():
    schema = Schema(DIALECTS["sqlite"])
    schema.stored(ItemRepository)
    plain = bind_repository(AbstractRepository[Item, UUID], SqlAlchemyRepository)
    assert schema.stored(plain).table is ITEMS


def test_tables_are_those_of_the_entities_and_their_neighbours():
    schema = Schema(DIALECTS["sqlite"])
    schema.stored(bind_repository(AbstractRepository[Box, UUID], SqlAlchemyRepository))
    schema.stored(ItemRepository)
    assert {table.name for table in schema.tables} == {"box", "items", "tags"}


def test_a_store_takes_tables_only():
    store = SqlAlchemyStore(Database(SqlAlchemyConfig.model_validate({"url": "sqlite:///a.db"})))
    with pytest.raises(WiringError, match=r"sqlalchemy\.Table"):
        store.repository(AbstractRepository[Item, UUID], "items")
    with pytest.raises(WiringError, match="there is no column version"):
        store.repository(AbstractRepository[Box, UUID], TAGS)
