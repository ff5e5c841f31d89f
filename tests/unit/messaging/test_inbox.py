import pytest

from fastapi_chassis.domain import WiringError
from fastapi_chassis.messaging import inbox_for


@pytest.mark.requirement("MSG-10")
def test_a_session_that_no_store_knows_is_told_with_what_to_do() -> None:
    with pytest.raises(WiringError) as told:
        inbox_for(object())
    (finding,) = told.value.findings
    assert finding.what == "object has no inbox"
    assert finding.remedy
