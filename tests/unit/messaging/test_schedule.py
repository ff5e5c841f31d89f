import pytest

from fastapi_chassis.domain import WiringError
from fastapi_chassis.messaging import schedule_for


def test_a_session_of_no_store_has_no_schedules() -> None:
    with pytest.raises(WiringError, match="object has no schedules"):
        schedule_for(object())
