"""Where large payloads lie: in a directory, where a plugin or the service binds a store, or in memory."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from fastapi_chassis.app import Container
from fastapi_chassis.app.claim_checks import ClaimChecks
from fastapi_chassis.messaging import (
    DATAREF,
    ClaimCheckStore,
    FileClaimCheckStore,
    InMemoryClaimCheckStore,
    InMemoryTransport,
    MessagingConfig,
)
from tests.unit.app.test_road import Service, Sold

LEAVING = {"claim_check": {"threshold": 10}}


class Broker(InMemoryTransport):
    """Remembers how large the payloads were that it carried, and which were references."""

    def __init__(self):
        super().__init__()
        self.carried = []

    async def publish(self, envelopes):
        self.carried += [(len(one.payload), DATAREF in one.headers) for one in envelopes]
        await super().publish(envelopes)


def claim_checks(*, is_local=False, store=None, **settings):
    container = Container([])
    if store is not None:
        container.bind_instance(ClaimCheckStore, store)
    config = MessagingConfig.model_validate({"claim_check": settings})
    return ClaimChecks(config, container, is_local=is_local)


def never(wanted):
    del wanted
    return False


async def sold_over(broker, *, bound=None, **claim_check):
    seen: list[UUID] = []

    async def tell(event: Sold) -> None:
        seen.append(event.item_id)

    service = Service(tell, transport=broker, claim_check={"threshold": 10, **claim_check})
    if bound is not None:
        service.container.bind_instance(ClaimCheckStore, bound)
    assert service.road.claim_checks.settle(never) == []
    async with service:
        item_id = await service.sell()
        await service.road.settled()
    assert seen == [item_id]
    return broker.carried


@pytest.mark.requirement("MSG-15")
async def test_a_directory_is_all_that_it_takes(tmp_path: Path):
    assert await sold_over(Broker(), directory=tmp_path) == [(0, True)]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.requirement("MSG-15")
async def test_a_store_that_is_bound_later_is_used():
    assert await sold_over(Broker(), bound=InMemoryClaimCheckStore()) == [(0, True)]


async def test_within_one_process_memory_will_do():
    service = Service(**LEAVING)
    assert service.road.claim_checks.settle(never) == []
    async with service:
        name = await service.road.claim_checks.store.put(b"payload", timedelta(minutes=1))
        found = await service.container.get(ClaimCheckStore)
        assert await found.get(name) == b"payload"


async def test_off_nothing_is_left_anywhere():
    broker = Broker()
    async with Service(transport=broker) as service:
        await service.sell()
        await service.road.settled()
    ((size, is_reference),) = broker.carried
    assert (size > 10, is_reference) == (True, False)


def test_without_any_store_it_is_a_finding():
    (finding,) = claim_checks(threshold=10).settle(never)
    assert finding.where == "messaging.claim_check"
    assert "directory" in finding.remedy
    assert claim_checks().settle(never) == []
    assert claim_checks(threshold=10).settle(lambda wanted: wanted is ClaimCheckStore) == []


def test_the_directory_goes_before_what_is_bound(tmp_path: Path):
    checks = claim_checks(threshold=10, directory=tmp_path, store=InMemoryClaimCheckStore())
    assert isinstance(checks.store, FileClaimCheckStore)
