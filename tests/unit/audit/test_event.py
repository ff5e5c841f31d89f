"""An event keeps what it was told."""

import pytest

from fastapi_chassis.audit import AuditEvent
from fastapi_chassis.domain import SystemClock, new_id

NOW = SystemClock().now()


def test_details_are_a_copy_of_what_json_keeps() -> None:
    inner = {"sizes": (1, 2)}
    event = AuditEvent(actor="ann", action="a", at=NOW, details={"inner": inner})
    inner["sizes"] = (3,)
    assert event.details == {"inner": {"sizes": [1, 2]}}


def test_details_that_json_does_not_know_are_refused_at_once() -> None:
    with pytest.raises(TypeError):
        AuditEvent(actor="ann", action="a", at=NOW, details={"id": new_id()})
