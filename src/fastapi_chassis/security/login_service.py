"""LoginService: begins, continues and ends logins, whoever else does the same at the same moment."""

import logging
from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from fastapi_chassis.domain import Clock, UnavailableException
from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.jwt.issuer import TokenIssuer, TokenPair
from fastapi_chassis.security.jwt.verifier import TokenVerifier
from fastapi_chassis.security.logins import Login, RotationEnum

_log = logging.getLogger("fastapi_chassis.security")
_ATTEMPTS = 5


class LoginStore(Protocol):
    """Keeps logins."""

    async def add(self, login: Login) -> None:
        """Stores a new login."""
        ...

    async def get(self, login_id: UUID) -> Login | None:
        """Returns a login as it is stored now."""
        ...

    async def save(self, login: Login) -> bool:
        """Stores a changed login; False if somebody else stored it since it was read."""
        ...

    async def open_of(self, user_id: UUID) -> Sequence[Login]:
        """Returns the logins of a user that were not revoked, the latest first."""
        ...


class LoginService:
    """Everything that is done with logins.

    Args:
        store: keeps them; in the transaction of the message, where it writes to the service's store.
        issuer: makes tokens.
        verifier: reads refresh tokens.
        config: lifetimes.
        clock: tells the time.
    """

    def __init__(
        self,
        store: LoginStore,
        issuer: TokenIssuer,
        verifier: TokenVerifier,
        config: SecurityConfig,
        clock: Clock,
    ) -> None:
        self._store = store
        self._issuer = issuer
        self._verifier = verifier
        self._config = config
        self._clock = clock

    async def begin(self, user_id: UUID) -> Login:
        """Begins a login, after the password was right."""
        login = Login.begin(user_id, at=self._clock.now(), life=self._config.refresh_life)
        await self._store.add(login)
        return login

    async def refresh(self, token: str) -> Login | None:
        """Continues the login of a refresh token; None if it is worth nothing any more.

        A reuse is stored and not raised: an exception would undo the transaction, and with it the revocation.

        Args:
            token: as it was issued; good for one use, and within the grace for the same answer again.

        Raises:
            UnauthenticatedException: it is no refresh token of ours, or has expired.
            UnavailableException: too many use the same login at once.
        """
        payload = self._verifier.refresh(token)
        for _ in range(_ATTEMPTS):
            login = await self._store.get(payload.login_id)
            if login is None or login.user_id != payload.user_id:
                return None
            rotation = login.rotate(payload.token_id, at=self._clock.now(), grace=self._config.grace)
            match rotation:
                case RotationEnum.REPEATED:
                    return login
                case RotationEnum.REFUSED:
                    return None
            if not await self._store.save(login):
                continue
            if rotation is RotationEnum.REUSED:
                _log.warning("a refresh token was used twice: login %s is revoked", login.id)
                return None
            return login
        raise UnavailableException("this login is being refreshed by too many at once", retry_after=1)

    def tokens(self, login: Login, permissions: Iterable[str]) -> TokenPair:
        """Makes the pair of a login's present rotation; asked twice, it answers the same.

        Args:
            login: as `begin` or `refresh` returned it.
            permissions: what the user may do now.
        """
        return self._issuer.issue(
            login.user_id,
            login_id=login.id,
            token_id=login.token_id,
            permissions=permissions,
            at=login.rotated_at,
            login_ends=login.ends_at,
        )

    async def open_of(self, user_id: UUID) -> Sequence[Login]:
        """Returns the logins of a user that can still be refreshed."""
        now = self._clock.now()
        return [login for login in await self._store.open_of(user_id) if now < login.ends_at]

    async def end(self, user_id: UUID, login_id: UUID | None = None) -> int:
        """Ends one login of a user, or all of them, and returns how many it were.

        Args:
            user_id: whose; a login of somebody else is not touched.
            login_id: which; all where nothing is said.
        """
        ended = 0
        for login in await self._store.open_of(user_id):
            if login_id in {None, login.id}:
                ended += await self._revoke(login)
        return ended

    async def _revoke(self, login: Login) -> bool:
        present: Login | None = login
        for _ in range(_ATTEMPTS):
            if present is None or present.is_revoked:
                return False
            present.revoke()
            if await self._store.save(present):
                return True
            present = await self._store.get(login.id)
        raise UnavailableException("this login is being refreshed by too many at once", retry_after=1)
