"""KafkaTransport obeys the contract of every transport."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from fastapi_chassis.testing.contracts.transport import TransportContract
from tests.contracts.kafka_broker import KafkaBroker, broker_at


@pytest.mark.backends("kafka")
@pytest.mark.requirement("MSG-6")
class TestTransport(TransportContract):
    patience: ClassVar[float] = 30.0

    @pytest.fixture
    async def broker(self, kafka_servers: str) -> AsyncIterator[KafkaBroker]:
        async with broker_at(kafka_servers) as broker:
            yield broker
