"""TokenVerifier: believes a token only after its signature, kind, issuer, audience and time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from fastapi_chassis.domain import Clock, UnauthenticatedException
from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.jwt.keys import ACCESS_TYPE, REFRESH_TYPE, SigningKeys
from fastapi_chassis.security.jwt.payload import AccessPayload, RefreshPayload

_MAX_MOMENT = 2**53
_BAD_CLAIMS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError)


class TokenVerifier:
    """Reads tokens of ours; anything else is refused in the same words.

    Args:
        config: keys, issuer, audience and leeway.
        clock: tells the time.
    """

    def __init__(self, config: SecurityConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._keys = SigningKeys(config)

    def access(self, token: str) -> AccessPayload:
        """Reads an access token.

        Raises:
            UnauthenticatedException: it is not good.
        """
        try:
            claims = self._claims(ACCESS_TYPE, "access", token)
            user = cast("Mapping[str, str]", claims["user"])
            permissions = frozenset(cast("list[str]", claims["permissions"]))
            return AccessPayload(
                user_id=UUID(user["uuid"]),
                session=str(user["sid"]),
                login_id=UUID(cast("str", claims["login"])),
                permissions=permissions,
                expires_at=_moment(claims["exp"]),
            )
        except _BAD_CLAIMS:
            raise _refused() from None

    def refresh(self, token: str) -> RefreshPayload:
        """Reads a refresh token.

        Raises:
            UnauthenticatedException: it is not good.
        """
        try:
            claims = self._claims(REFRESH_TYPE, "refresh", token)
            return RefreshPayload(
                user_id=UUID(cast("str", claims["sub"])),
                login_id=UUID(cast("str", claims["login"])),
                token_id=str(claims["jti"]),
                expires_at=_moment(claims["exp"]),
            )
        except _BAD_CLAIMS:
            raise _refused() from None

    def _claims(self, kind: str, type_: str, token: str) -> dict[str, object]:
        config, now = self._config, self._clock.now().timestamp()
        claims = self._keys.read(kind, token)
        ours = (claims["type"], claims["iss"], claims["aud"]) == (type_, config.issuer, config.audience)
        ends, begins = claims["exp"], claims["iat"]
        timely = (
            type(ends) is int
            and type(begins) is int
            and begins - config.leeway <= now < ends + config.leeway < _MAX_MOMENT
        )
        if not (ours and timely):
            raise ValueError(kind)
        return claims


def _refused() -> UnauthenticatedException:
    return UnauthenticatedException("the token is not valid", error_code="INVALID_TOKEN")


def _moment(seconds: object) -> datetime:
    return datetime.fromtimestamp(cast("int", seconds), UTC)
