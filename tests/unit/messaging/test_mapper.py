from uuid import UUID

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import DomainEvent, new_id
from fastapi_chassis.messaging import EventMapper
from tests.unit.messaging.shop import ItemCreated


class ItemSold(DomainEvent):
    item_id: UUID
    copies: int = 1


def test_a_domain_event_becomes_integration_events_with_their_key() -> None:
    mapper = EventMapper().add(
        ItemSold, lambda sold: ItemCreated(item_id=sold.item_id, title="a"), key=lambda sold: sold.item_id
    )
    sold = ItemSold(item_id=new_id())
    expected = ItemCreated(item_id=sold.item_id, title="a")
    assert mapper.map(sold) == [RecordedEvent(expected, "", str(sold.item_id))]


def test_a_rule_may_make_several_or_none() -> None:
    mapper = EventMapper().add(
        ItemSold,
        lambda sold: [ItemCreated(item_id=sold.item_id, title=str(copy)) for copy in range(sold.copies)],
    )
    mapper.add(ItemSold, lambda sold: None)
    assert [one.event.title for one in mapper.map(ItemSold(item_id=new_id(), copies=2))] == ["0", "1"]
    assert mapper.map(ItemSold(item_id=new_id(), copies=0)) == []


def test_without_a_rule_an_event_stays_inside() -> None:
    assert EventMapper().map(ItemSold(item_id=new_id())) == []


def test_without_a_key_each_domain_event_is_an_order_of_its_own() -> None:
    mapper = EventMapper().add(ItemSold, lambda sold: ItemCreated(item_id=sold.item_id, title="a"))
    sold = ItemSold(item_id=new_id())
    assert [one.aggregate_id for one in mapper.map(sold)] == [str(sold.event_id)]
