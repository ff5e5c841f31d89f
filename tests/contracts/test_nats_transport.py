"""NatsTransport obeys the contract of every transport."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.testing.contracts.transport import TransportContract
from tests.contracts.nats_broker import NatsBroker, broker_at


@pytest.mark.backends("nats")
@pytest.mark.requirement("MSG-6")
class TestTransport(TransportContract):
    @pytest.fixture
    async def broker(self, nats_url: str) -> AsyncIterator[NatsBroker]:
        async with broker_at(nats_url) as broker:
            yield broker
