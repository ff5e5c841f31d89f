import pytest

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import IntegrationEvent, new_id
from fastapi_chassis.messaging import Routing
from tests.unit.messaging.shop import ItemCreated


class HTTPRouteAdded(IntegrationEvent):
    pass


class Renamed(IntegrationEvent, name="shop.item-renamed", version=2):
    pass


@pytest.mark.requirement("MSG-11")
@pytest.mark.parametrize(
    ("event", "destination"),
    [
        (ItemCreated, "integration-events.item_created"),
        (HTTPRouteAdded, "integration-events.http_route_added"),
        (Renamed, "integration-events.shop.item-renamed"),
    ],
)
def test_the_topic_is_the_name_of_the_event(event: type[IntegrationEvent], destination: str) -> None:
    assert Routing().destination_of(event) == destination


@pytest.mark.requirement("MSG-11")
def test_the_key_is_the_aggregate() -> None:
    event = ItemCreated(item_id=new_id(), title="a")
    assert Routing().key_of(RecordedEvent(event, "item", "7")) == "7"
    assert Routing().key_of(RecordedEvent(event, "", "")) == str(event.event_id)
