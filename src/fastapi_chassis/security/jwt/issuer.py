"""TokenIssuer: makes pairs of access and refresh token."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.jwt.keys import ACCESS_TYPE, REFRESH_TYPE, SigningKeys


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token, and the refresh token that brings the next pair.

    Args:
        access: for each request; short-lived.
        refresh: for one use.
        expires_in: seconds that the access token lives.
    """

    access: str
    refresh: str
    expires_in: int

    def __repr__(self) -> str:
        return f"TokenPair(expires_in={self.expires_in})"


class TokenIssuer:
    """Makes token pairs.

    Args:
        config: keys, issuer, audience and lifetimes.
    """

    def __init__(self, config: SecurityConfig) -> None:
        self._config = config
        self._keys = SigningKeys(config)

    def issue(
        self,
        user_id: UUID,
        *,
        login_id: UUID,
        token_id: str,
        permissions: Iterable[str],
        at: datetime,
        login_ends: datetime,
    ) -> TokenPair:
        """Makes the pair of one rotation; the same arguments make the same pair.

        Args:
            user_id: whom it speaks for.
            login_id: the login that it belongs to.
            token_id: names the refresh token within the login; at least 16 characters, unguessable.
            permissions: what the user may do.
            at: when it is made.
            login_ends: when the login ends, however often it is refreshed.
        """
        config = self._config
        session = token_id[:8]
        common: dict[str, object] = {
            "iss": config.issuer,
            "aud": config.audience,
            "sub": str(user_id),
            "iat": int(at.timestamp()),
            "login": str(login_id),
        }
        access_ends = min(at + config.access_life, login_ends)
        access = {
            **common,
            "type": "access",
            "user": {"uuid": str(user_id), "sid": session},
            "permissions": sorted(permissions),
            "jti": f"{login_id}.{session}",
            "exp": int(access_ends.timestamp()),
        }
        refresh = {
            **common,
            "type": "refresh",
            "user": {"uuid": str(user_id), "sid": f"{token_id[-8:]}#{session}"},
            "jti": token_id,
            "exp": int(login_ends.timestamp()),
        }
        return TokenPair(
            self._keys.sign(ACCESS_TYPE, access),
            self._keys.sign(REFRESH_TYPE, refresh),
            int((access_ends - at).total_seconds()),
        )
