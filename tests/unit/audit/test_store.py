"""The store of a session."""

import pytest

from fastapi_chassis.audit import audit_store_for
from fastapi_chassis.domain import WiringError


def test_a_session_without_one_is_a_finding() -> None:
    with pytest.raises(WiringError, match="object has no audit store"):
        audit_store_for(object())
