from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.cli.catalogue import ConsumerWay, EventWay, event_ways, request_ways
from tests.unit.cli.conftest import MODULE


def test_requests_tell_handler_policy_and_behaviours(application: ApplicationAbstract) -> None:
    ways = {way.name: way for way in request_ways(application.assembly)}
    sell = ways["SellItem"]
    assert (sell.kind, sell.handler) == ("command", f"{MODULE}.sell_item")
    assert sell.policy == "requires items:write"
    assert sell.behaviors[-1] == "transaction"
    assert (ways["CountItems"].kind, ways["CountItems"].policy) == ("query", "public")
    assert "transaction" not in ways["CountItems"].behaviors
    assert (ways["StockLow"].kind, ways["StockLow"].policy) == ("domain event", "")


def test_events_tell_the_way_to_their_consumers(application: ApplicationAbstract) -> None:
    (sold,) = [
        way
        for way in event_ways(application.assembly)
        if way.destination.endswith(".cli_item_sold") and way.consumers
    ]
    assert (sold.transport, sold.outbox, sold.version) == ("memory", "memory", 1)
    assert sold.consumers == (ConsumerWay(f"{MODULE}.announce", "shop.items", "memory", 5),)


def test_words_for_what_is_turned_off() -> None:
    way = EventWay("Sold", 1, "events.sold", "kafka", "aggregate", "", ())
    assert way.there() == "events.sold (kafka, key aggregate)  no outbox"
    newer = EventWay("Sold", 3, "events.sold", "kafka", "aggregate", "sql", (), (1, 2))
    assert newer.there() == "events.sold (kafka, key aggregate)  outbox sql  version 3, reads 1, 2"
    consumer = ConsumerWay("shop.announce", "shop.items", "", 1)
    assert str(consumer) == "shop.announce (group shop.items, no inbox, 1 attempt, then dead letter)"


def test_names_of_stores_and_transports_are_those_of_plugins(application: ApplicationAbstract) -> None:
    assert {way.outbox for way in event_ways(application.assembly)} == {"memory"}
    assert EventWay("Sold", 1, "a", "b", "c", "d", ()).as_json()["consumers"] == ()
