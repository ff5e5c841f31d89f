"""The stores of large payloads that need no server obey the contract of every such store."""

from datetime import timedelta
from pathlib import Path

import pytest

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.messaging import FileClaimCheckStore, InMemoryClaimCheckStore
from fastapi_chassis.testing.contracts.claim_check import ClaimCheckContract, Pass


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def short() -> timedelta:
    return timedelta(hours=5)


@pytest.fixture
def time_passes(clock: FrozenClock) -> Pass:
    async def passing(by: timedelta) -> None:
        clock.advance(by + timedelta(hours=1))

    return passing


@pytest.mark.requirement("MSG-15")
class TestInMemory(ClaimCheckContract):
    contract_store = "memory"

    @pytest.fixture
    def claim_checks(self, clock: FrozenClock) -> InMemoryClaimCheckStore:
        return InMemoryClaimCheckStore(clock)


@pytest.mark.requirement("MSG-15")
class TestFiles(ClaimCheckContract):
    @pytest.fixture
    def claim_checks(self, tmp_path: Path, clock: FrozenClock) -> FileClaimCheckStore:
        return FileClaimCheckStore(tmp_path, clock)
