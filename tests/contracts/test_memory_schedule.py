"""The memory twin of the schedules obeys the contract of every schedule store."""

import pytest

from fastapi_chassis.testing.contracts.schedule import ScheduleContract
from tests.contracts.memory_messages import MessagesInMemory


@pytest.mark.requirement("MSG-8", "TST-1")
class TestSchedule(MessagesInMemory, ScheduleContract):
    pass
