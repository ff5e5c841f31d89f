"""Who is calling stands in headers, and in no repr."""

import pytest
from pydantic import SecretStr

from fastapi_chassis.http import ApiKeyAuth, Auth, BasicAuth, BearerAuth

CANARY = "c4n4ry"


@pytest.mark.parametrize("secret", [CANARY, SecretStr(CANARY)])
async def test_the_headers(secret: str | SecretStr) -> None:
    assert await BearerAuth(secret).headers() == {"authorization": "Bearer c4n4ry"}
    assert await BasicAuth("ann", secret).headers() == {"authorization": "Basic YW5uOmM0bjRyeQ=="}
    assert await ApiKeyAuth(secret).headers() == {"X-API-Key": "c4n4ry"}
    assert await ApiKeyAuth(secret, header="X-Token").headers() == {"X-Token": "c4n4ry"}


@pytest.mark.parametrize("auth", [BearerAuth(CANARY), BasicAuth("ann", CANARY), ApiKeyAuth(CANARY)])
def test_no_secret_shows(auth: Auth) -> None:
    assert CANARY not in f"{auth!r}{vars(auth)}"


def test_a_user_with_a_colon_is_refused() -> None:
    with pytest.raises(ValueError, match="colon"):
        BasicAuth("a:b", "c")
