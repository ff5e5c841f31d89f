"""The memory twin of the store of answers obeys the contract of every one."""

import pytest

from fastapi_chassis.application import InMemoryIdempotencyStore, InMemoryUnitOfWork, idempotency_for
from fastapi_chassis.testing.contracts.idempotency import IdempotencyContract
from tests.contracts.memory_store import OnMemory


@pytest.mark.requirement("DOM-7", "TST-1")
class TestIdempotency(OnMemory, IdempotencyContract):
    pass


def test_the_session_of_memory_knows_its_store() -> None:
    assert isinstance(idempotency_for(InMemoryUnitOfWork().session), InMemoryIdempotencyStore)
