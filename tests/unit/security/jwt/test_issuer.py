from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from fastapi_chassis.security import SecurityConfig, TokenIssuer, TokenPair
from fastapi_chassis.security.jwt.keys import ACCESS_TYPE, REFRESH_TYPE, SigningKeys

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = UUID("01a1fbcc-3787-7900-8d2c-c721dc191d91")
LOGIN = UUID("01a1fbcc-3787-7900-8d2c-c721dc191d92")


def issue(*, ends: timedelta = timedelta(days=5)) -> TokenPair:
    return TokenIssuer(SecurityConfig()).issue(
        ADA,
        login_id=LOGIN,
        token_id="abcdefghijklmnop",
        permissions={"b", "a"},
        at=NOON,
        login_ends=NOON + ends,
    )


@pytest.mark.requirement("SEC-3")
def test_claims_are_those_of_the_documents_and_the_registered_ones() -> None:
    pair, keys = issue(), SigningKeys(SecurityConfig())
    access, refresh = keys.read(ACCESS_TYPE, pair.access), keys.read(REFRESH_TYPE, pair.refresh)

    assert access["user"] == {"uuid": str(ADA), "sid": "abcdefgh"}
    assert access["type"] == "access"
    assert access["exp"] == int(NOON.timestamp()) + 300
    assert refresh["user"] == {"uuid": str(ADA), "sid": "ijklmnop#abcdefgh"}
    assert refresh["type"] == "refresh"
    assert refresh["exp"] == int(NOON.timestamp()) + 5 * 86_400
    assert access["permissions"] == ["a", "b"]
    for claims in (access, refresh):
        assert (claims["iss"], claims["aud"], claims["sub"]) == (
            "fastapi-chassis",
            "fastapi-chassis",
            str(ADA),
        )
        assert claims["iat"] == int(NOON.timestamp())
        assert claims["jti"]


def test_the_same_arguments_make_the_same_pair() -> None:
    assert issue() == issue()


def test_an_access_token_never_outlives_its_login() -> None:
    pair = issue(ends=timedelta(seconds=60))
    assert pair.expires_in == 60
    assert SigningKeys(SecurityConfig()).read(ACCESS_TYPE, pair.access)["exp"] == int(NOON.timestamp()) + 60


def test_a_pair_shows_no_token() -> None:
    assert repr(issue()) == "TokenPair(expires_in=300)"
