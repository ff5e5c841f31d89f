import pytest

from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import EventRegistry
from tests.unit.messaging.shop import ItemCreated


class NewerItemCreated(IntegrationEvent, name="item_created", version=2):
    isbn: str


class OtherItemCreated(IntegrationEvent, name="item_created"):
    pass


def test_a_type_is_found_by_name_and_version() -> None:
    registry = EventRegistry([NewerItemCreated, ItemCreated, ItemCreated])
    assert registry.find("item_created", 1) is ItemCreated
    assert registry.find("item_created", 2) is NewerItemCreated
    assert registry.find("item_created", 3) is None
    assert registry.find("item_lost", 1) is None
    assert registry.versions("item_created") == (1, 2)
    assert registry.versions("item_lost") == ()
    assert registry.types == (NewerItemCreated, ItemCreated)
    assert registry.findings == ()


@pytest.mark.parametrize("types", [[ItemCreated, NewerItemCreated], [NewerItemCreated, ItemCreated]])
def test_without_a_version_the_newest_is_found(types: list[type[IntegrationEvent]]) -> None:
    assert EventRegistry(types).find("item_created") is NewerItemCreated
    assert EventRegistry().find("item_created") is None


def test_two_classes_of_one_name_are_a_finding() -> None:
    (finding,) = EventRegistry([ItemCreated, OtherItemCreated]).findings
    assert "two events are called item_created version 1" in finding.what
    assert "ItemCreated" in finding.what
    assert "OtherItemCreated" in finding.what
    assert finding.remedy
