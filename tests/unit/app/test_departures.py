"""How events leave: by relays here, by relays elsewhere, or by nobody."""

import asyncio

import pytest

from fastapi_chassis.app.departures import NothingToRelayError
from fastapi_chassis.messaging import InMemoryTransport
from fastapi_chassis.testing import eventually
from tests.unit.app.test_road import Service, Sold


class Broker(InMemoryTransport):
    def __init__(self):
        super().__init__()
        self.published = []

    async def publish(self, envelopes):
        self.published += envelopes
        await super().publish(envelopes)


def relays(service):
    return service.road.departures._relays


async def is_empty(outbox):
    return not (await outbox.backlog()).count


async def tell(event: Sold) -> None:
    pass


@pytest.mark.requirement("MSG-3")
async def test_without_a_relay_of_its_own_a_service_leaves_its_messages_to_one_elsewhere():
    broker = Broker()
    async with Service(transport=broker, relay={"enabled": False}) as service:
        await service.sell()
        await asyncio.sleep(0.1)
        assert broker.published == []
        assert (await service.store.outbox().backlog()).count == 1
        async with service.road.departures.relaying():
            await eventually(lambda: is_empty(service.store.outbox()))
    assert len(broker.published) == 1


def test_within_one_process_more_batches_are_on_their_way():
    (local,), (remote,) = relays(Service(tell)), relays(Service(tell, transport=Broker()))
    assert (local._config.batches, remote._config.batches) == (16, 4)


def test_what_can_not_be_relayed_is_said():
    for service, what in (
        (Service(), "messages stay in the process"),
        (Service(transport=Broker(), enable_outbox=False), "there is no outbox"),
    ):
        with pytest.raises(NothingToRelayError) as told:
            service.road.departures.check()
        assert told.value.findings[0].what == what
