import pytest
from pydantic import BaseModel

from fastapi_chassis.config import SecretUrl


class Holder(BaseModel):
    url: SecretUrl


@pytest.mark.requirement("CFG-5")
def test_a_secret_url_shows_all_but_its_password() -> None:
    held = Holder.model_validate({"url": "postgresql://u:swordfish@h/db"})
    assert held.url.get_secret_value() == "postgresql://u:swordfish@h/db"
    for text in (str(held.url), repr(held), held.model_dump_json(), f"{held.url}"):
        assert "postgresql://u:***@h/db" in text
        assert "swordfish" not in text


@pytest.mark.requirement("CFG-5")
def test_what_is_no_url_shows_nothing() -> None:
    assert str(SecretUrl("host=h password=swordfish")) == "***"
    assert str(SecretUrl("")) == ""
