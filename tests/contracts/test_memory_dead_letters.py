"""The memory twin of the dead letters obeys the contract of every store of them."""

import pytest

from fastapi_chassis.application import MemoryStore
from fastapi_chassis.messaging import InMemoryDeadLetters
from fastapi_chassis.testing.contracts.dead_letters import DeadLettersContract


@pytest.mark.requirement("MSG-7", "TST-1")
class TestDeadLetters(DeadLettersContract):
    contract_store = "memory"

    @pytest.fixture
    def dead_letters(self) -> InMemoryDeadLetters:
        return InMemoryDeadLetters(MemoryStore())
