"""RabbitMQ obeys the contract of every transport."""

from collections.abc import AsyncIterator

import pytest

from fastapi_chassis.testing.contracts.transport import TransportContract
from tests.contracts.aiopika_broker import AioPikaBroker, broker_at


@pytest.mark.requirement("MSG-6")
@pytest.mark.backends("rabbitmq")
class TestAioPikaTransport(TransportContract):
    @pytest.fixture
    async def broker(self, rabbitmq_url: str) -> AsyncIterator[AioPikaBroker]:
        async with broker_at(rabbitmq_url) as broker:
            yield broker
