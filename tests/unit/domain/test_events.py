from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from fastapi_chassis.domain import DomainEvent, Event, IntegrationEvent, Message


class Noted(DomainEvent):
    text: str


class ItemCreated(IntegrationEvent):
    title: str


class ItemMoved(IntegrationEvent, name="warehouse.item_moved", version=3):
    place: str = ""


@pytest.mark.requirement("DOM-1")
def test_an_occurrence_has_an_identity_and_a_time() -> None:
    before = datetime.now(UTC)
    one, other = Noted(text="a"), Noted(text="a")
    assert one.event_id < other.event_id
    assert before <= one.occurred_at <= datetime.now(UTC)
    assert one.occurred_at.utcoffset() is not None


@pytest.mark.requirement("DOM-1")
def test_events_are_equal_by_what_they_say() -> None:
    assert Noted(text="a") == Noted(text="a")
    assert Noted(text="a") != Noted(text="b")


def test_names_and_versions() -> None:
    assert (ItemCreated.message_name, ItemCreated.event_version) == ("item_created", 1)
    assert (ItemMoved.message_name, ItemMoved.event_version) == ("warehouse.item_moved", 3)


def test_both_kinds_are_events_and_messages() -> None:
    assert issubclass(DomainEvent, Event)
    assert issubclass(IntegrationEvent, Event)
    assert issubclass(Event, Message)
    assert not issubclass(IntegrationEvent, DomainEvent)


def test_a_reader_keeps_working_when_a_writer_adds_a_field() -> None:
    event_id = UUID(int=7)
    body = {"event_id": str(event_id), "occurred_at": "2024-05-01T00:00:00Z", "title": "a", "added_later": 1}
    read = TypeAdapter(ItemCreated).validate_python(body)
    assert (read.title, read.event_id) == ("a", event_id)
    assert read.occurred_at == datetime(2024, 5, 1, tzinfo=UTC)


def test_domain_events_stay_strict() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Noted).validate_python({"text": "a", "unknown": 1})
