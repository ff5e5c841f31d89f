"""ODMDeadLetters obeys the contract of every store of dead letters, on a server without transactions."""

import pytest

from fastapi_chassis.messaging import DeadLetterStore
from fastapi_chassis.testing.contracts.dead_letters import DeadLettersContract
from tests.contracts.odm_store import ODMHarness, OnFerret


@pytest.mark.requirement("MSG-7", "REP-7")
class TestDeadLettersOnFerret(OnFerret, DeadLettersContract):
    @pytest.fixture
    def dead_letters(self, store: ODMHarness) -> DeadLetterStore:
        return store.store.dead_letters()
