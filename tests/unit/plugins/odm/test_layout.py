"""Where entities lie, and with which unique values."""

from datetime import datetime
from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepository, bind_repository
from fastapi_chassis.domain import BaseAggregate, WiringError
from fastapi_chassis.plugins.odm import ODMRepository
from fastapi_chassis.plugins.odm.layout import CARRIER, Layout


class OpenOrder(BaseAggregate):
    number: int
    at: datetime
    note: str | None = None


class OrderRepository(AbstractRepository[OpenOrder, UUID]):
    unique = (("number",), ("at", "note"))


class Line(BaseAggregate):
    text: str


def bound(repository: object) -> type:
    return bind_repository(repository, ODMRepository)  # type: ignore[return-value, arg-type]  # a class


def test_a_collection_is_named_after_its_entity():
    layout = Layout()
    place = layout.stored(bound(OrderRepository))
    assert (place.collection, place.identity, place.has_version) == ("open_order", "id", True)
    assert layout.carrying == ("open_order", CARRIER)


def test_a_repository_of_the_same_entity_finds_it_in_the_same_place():
    layout = Layout()
    layout.stored(bound(OrderRepository), "orders")
    other = layout.stored(bound(AbstractRepository[OpenOrder, UUID]))
    assert other.collection == "orders"
    assert layout.carrying == ("orders", CARRIER)


def test_two_entities_in_one_collection_are_a_finding():
    layout = Layout()
    layout.stored(bound(OrderRepository), "orders")
    with pytest.raises(WiringError, match="both lie in orders"):
        layout.stored(bound(AbstractRepository[Line, UUID]), "orders")


def test_a_unique_index_covers_exact_values_and_no_nulls():
    place = Layout().stored(bound(OrderRepository))
    assert place.index_keys(("at", "note")) == ["at", "_rest.at", "note"]
    assert place.index_filter(("at", "note")) == {"at": {"$exists": True}, "note": {"$type": "string"}}
