"""JWTAuthenticationService: the authenticator of services that issue their own tokens."""

from fastapi_chassis.application import Principal
from fastapi_chassis.domain import Clock
from fastapi_chassis.security.jwt.verifier import TokenVerifier

_MOST_REMEMBERED = 4_096


class JWTAuthenticationService:
    """Tells whom an access token speaks for.

    A token that was verified is remembered until it ends: its signature is checked once, not per request.

    Args:
        verifier: reads the tokens.
        clock: tells when a token has ended.
    """

    def __init__(self, verifier: TokenVerifier, clock: Clock) -> None:
        self._verifier = verifier
        self._clock = clock
        self._known: dict[str, tuple[float, Principal]] = {}

    async def authenticate(self, token: str) -> Principal:
        """Returns the caller.

        Raises:
            UnauthenticatedException: the token is not good.
        """
        known = self._known.get(token)
        if known is not None:
            if self._clock.now().timestamp() < known[0]:
                return known[1]
            del self._known[token]
        payload = self._verifier.access(token)
        claims = {"sid": payload.session, "login": str(payload.login_id)}
        principal = Principal(str(payload.user_id), payload.permissions, claims)
        if len(self._known) >= _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[token] = (payload.expires_at.timestamp(), principal)
        return principal
