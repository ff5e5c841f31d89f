"""Gauges show the last look at an outbox, each store for itself."""

from datetime import timedelta

from fastapi_chassis.messaging import Backlog, OutboxMeter
from tests.measures import Measures


def test_without_an_sdk_it_does_nothing() -> None:
    meter = OutboxMeter("memory")
    meter.show(Backlog(3))
    meter.lost(2)
    assert not meter.is_on


def test_the_last_look_is_shown_for_each_store() -> None:
    measures = Measures()
    first, second = OutboxMeter("sql", measures.provider), OutboxMeter("odm", measures.provider)
    first.show(Backlog(7))
    first.show(Backlog(3, timedelta(seconds=1.5), blocked=1))
    second.show(Backlog(5))
    sql = {"chassis.store": "sql"}
    assert measures.total("chassis.outbox.backlog", sql) == 3
    assert measures.total("chassis.outbox.oldest.age", sql) == 1.5
    assert measures.total("chassis.outbox.blocked", sql) == 1
    assert measures.total("chassis.outbox.backlog", {"chassis.store": "odm"}) == 5


def test_lost_leases_are_counted() -> None:
    measures = Measures()
    meter = OutboxMeter("sql", measures.provider)
    meter.lost(2)
    meter.lost(3)
    assert measures.points("chassis.relay.leases.lost") == [({"chassis.store": "sql"}, 5)]
