import pytest

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import WiringError


@pytest.mark.requirement("DOM-7")
def test_a_session_without_store_of_answers_is_a_wiring_error() -> None:
    with pytest.raises(WiringError, match="str keeps no answers") as told:
        idempotency_for("no session")
    assert told.value.findings[0].remedy


def test_an_answer_is_a_value() -> None:
    assert StoredAnswer("f", b"a") == StoredAnswer("f", b"a")
