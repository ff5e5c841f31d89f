"""The memory twin of the transport obeys the contract of every transport."""

import pytest

from fastapi_chassis.messaging import Envelope, InMemoryTransport
from fastapi_chassis.testing.contracts.transport import TransportContract


class MemoryBroker:
    def __init__(self) -> None:
        self.transport = InMemoryTransport()

    async def dead_letters(self, group: str) -> list[tuple[Envelope, str]]:
        return [(dead.envelope, dead.reason) for dead in self.transport.dead_letters if dead.group == group]


@pytest.mark.requirement("MSG-6", "TST-1")
class TestTransport(TransportContract):
    @pytest.fixture
    def broker(self) -> MemoryBroker:
        return MemoryBroker()
