from uuid import UUID

import pytest

from fastapi_chassis.domain import BaseAggregate, DomainEvent, IntegrationEvent


class Renamed(DomainEvent):
    name: str


class Announced(IntegrationEvent):
    name: str


class Thing(BaseAggregate):
    name: str

    def rename(self, name: str) -> None:
        self.name = name
        self.record(Renamed(name=name))


@pytest.mark.requirement("DOM-1")
def test_a_new_aggregate_has_an_identity_and_no_version() -> None:
    one, other = Thing(name="a"), Thing(name="a")
    assert isinstance(one.id, UUID)
    assert one.id < other.id
    assert one.version == 0
    assert one.recorded_events == ()


@pytest.mark.requirement("DOM-1")
def test_events_are_kept_in_order_until_they_are_released() -> None:
    thing = Thing(name="a")
    thing.rename("b")
    thing.record(Announced(name="b"))
    expected = (Renamed(name="b"), Announced(name="b"))
    assert thing.recorded_events == expected
    assert thing.release_events() == expected
    assert thing.recorded_events == thing.release_events() == ()


def test_events_are_no_part_of_what_it_shows_and_equals() -> None:
    thing = Thing(name="a")
    before = repr(thing)
    thing.record(Renamed(name="a"))
    assert repr(thing) == before
    assert thing == Thing(id=thing.id, name="other")


def test_two_aggregates_do_not_share_events() -> None:
    one, other = Thing(name="a"), Thing(name="b")
    one.rename("c")
    assert other.recorded_events == ()


def test_the_events_seen_are_a_copy() -> None:
    thing = Thing(name="a")
    seen = thing.recorded_events
    thing.rename("b")
    assert seen == ()
