"""What callers may say of dead letters; how the routes use it is told with the routes."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from fastapi_chassis.app.dead_letter_schemas import DeadLetterEdit, DeadLetterListing, DeadLetterSelection
from fastapi_chassis.messaging import DeadLetterQuery, DeadLetterStateEnum

pytestmark = pytest.mark.requirement("MSG-7")


def test_a_filter_becomes_the_query_of_the_store() -> None:
    given = {"group": "shop.mails", "type": "sold", "error": "bad", "since": "2027-03-01T12:00:00+02:00"}
    noon = datetime(2027, 3, 1, 10, tzinfo=UTC)
    said = DeadLetterQuery(group="shop.mails", type="sold", text="bad", since=noon)
    assert DeadLetterSelection.model_validate(given).query() == said


@pytest.mark.parametrize(("state", "wanted"), [("any", None), ("replayed", DeadLetterStateEnum.REPLAYED)])
def test_a_listing_may_ask_for_any_state(state: str, wanted: DeadLetterStateEnum | None) -> None:
    assert DeadLetterListing.model_validate({"state": state}).query().state is wanted


def test_everything_is_only_meant_where_that_is_said() -> None:
    assert DeadLetterSelection.model_validate({"all": True}).query() == DeadLetterQuery()
    for body in ({}, {"limit": 5}, {"group": None}):
        with pytest.raises(ValidationError, match="say all: true"):
            DeadLetterSelection.model_validate(body)


def test_the_body_of_an_edit_is_bytes() -> None:
    assert DeadLetterEdit(payload="ü").body == "ü".encode()
    assert DeadLetterEdit(payload_base64="/wA=").body == b"\xff\x00"
    assert DeadLetterEdit(headers={}).body is None
