from datetime import UTC, datetime

import pytest

from fastapi_chassis.domain import Audited, BaseAggregate, SoftDeletable, shape_of


class Item(SoftDeletable, Audited, BaseAggregate):
    title: str


class Card(BaseAggregate, Audited):
    title: str


@pytest.mark.requirement("REP-9")
def test_the_fields_of_the_mixins_are_fields_of_the_entity() -> None:
    kept = {"created_at", "created_by", "updated_at", "updated_by"}
    assert set(shape_of(Item)) == {"id", "version", "title", "removed_at", *kept}
    assert set(shape_of(Card)) == {"id", "version", "title", *kept}
    assert not shape_of(Item)["created_at"].optional
    assert shape_of(Item)["removed_at"].optional


def test_an_entity_is_there_until_it_is_removed() -> None:
    item = Item(title="a")
    assert not item.is_removed
    item.removed_at = datetime(2024, 5, 1, tzinfo=UTC)
    assert item.is_removed


def test_a_new_entity_has_times_with_a_zone() -> None:
    before = datetime.now(UTC)
    item = Item(title="a")
    assert before <= item.created_at <= item.updated_at <= datetime.now(UTC)
    assert (item.created_by, item.updated_by) == (None, None)


def test_identity_alone_makes_entities_equal() -> None:
    item = Item(title="a")
    assert item == Item(id=item.id, title="b", updated_by="somebody")
    assert item != Item(title="a")
