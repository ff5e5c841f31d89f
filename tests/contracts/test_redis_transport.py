"""RedisTransport obeys the contract of every transport."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.testing.contracts.transport import TransportContract
from tests.contracts.redis_broker import RedisBroker, broker_at


@pytest.mark.backends("valkey")
@pytest.mark.requirement("MSG-6")
class TestTransport(TransportContract):
    @pytest.fixture
    async def broker(self, valkey_url: str) -> AsyncIterator[RedisBroker]:
        async with broker_at(valkey_url) as broker:
            yield broker
