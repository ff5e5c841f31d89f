"""What happens with logins: begun by a password, continued by refresh tokens, ended by their owner."""

from datetime import timedelta
from uuid import UUID

from bookshop.users.commands import EndLogins, LoggedIn, LogIn, LogOut, RefreshTokens
from bookshop.users.model import User
from bookshop.users.queries import ListLogins
from bookshop.users.repository import LoginRepository, UserRepository
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import Clock, NotFoundException
from fastapi_chassis.security import (
    Login,
    PasswordHasher,
    RotationEnum,
    SecurityConfig,
    TokenIssuer,
    TokenVerifier,
)


class LogInHandler:
    """Begins logins."""

    def __init__(
        self,
        users: UserRepository,
        logins: LoginRepository,
        passwords: PasswordHasher,
        issuer: TokenIssuer,
        config: SecurityConfig,
        clock: Clock,
    ) -> None:
        self._users = users
        self._logins = logins
        self._passwords = passwords
        self._issuer = issuer
        self._config = config
        self._clock = clock

    async def __call__(self, command: LogIn) -> LoggedIn | None:
        """Answers with tokens where address and password are right; both faults look and take the same."""
        user = await self._users.with_email(command.email)
        verdict = await self._passwords.verify(command.password, user.hashed_password if user else None)
        if user is None or not verdict.is_right or not user.is_active:
            return None
        if verdict.new_hash is not None:
            user.rehash(verdict.new_hash)
            await self._users.update(user)
        login = Login.begin(user.id, at=self._clock.now(), life=self._config.refresh_life)
        await self._logins.add(login)
        return issue(self._issuer, login, user)


async def refresh_tokens(
    command: RefreshTokens,
    logins: LoginRepository,
    users: UserRepository,
    verifier: TokenVerifier,
    issuer: TokenIssuer,
    config: SecurityConfig,
    clock: Clock,
) -> LoggedIn | None:
    """Trades a refresh token; a reused one ends the login, and that is committed."""
    payload = verifier.refresh(command.token)
    login = await logins.get_or_none(payload.login_id)
    user = await users.get_or_none(payload.user_id)
    if login is None or user is None or not user.is_active or login.user_id != user.id:
        return None
    grace = timedelta(seconds=config.reuse_grace)
    rotation = login.rotate(payload.token_id, at=clock.now(), grace=grace)
    if rotation in {RotationEnum.ROTATED, RotationEnum.REUSED}:
        await logins.update(login)
    is_good = rotation in {RotationEnum.ROTATED, RotationEnum.REPEATED}
    return issue(issuer, login, user) if is_good else None


async def log_out(_command: LogOut, logins: LoginRepository, caller: Principal) -> None:
    """Ends the login of the caller's token; one that has ended stays so."""
    login = await logins.get_or_none(UUID(str(caller.claims["login"])))
    if login is not None and not login.is_revoked:
        login.revoke()
        await logins.update(login)


async def end_logins(command: EndLogins, logins: LoginRepository, caller: Principal, clock: Clock) -> None:
    """Ends one login of the caller, or every one of theirs."""
    found = await logins.open_of(UUID(caller.subject), clock.now())
    ended = [login for login in found if command.login_id in {None, login.id}]
    if command.login_id is not None and not ended:
        raise NotFoundException("there is no such login")
    for login in ended:
        login.revoke()
    await logins.update_many(ended, is_return_require=False)


async def list_logins(
    _query: ListLogins, logins: LoginRepository, caller: Principal, clock: Clock
) -> list[Login]:
    """Answers with the caller's open logins."""
    return await logins.open_of(UUID(caller.subject), clock.now())


def issue(issuer: TokenIssuer, login: Login, user: User) -> LoggedIn:
    """Makes the pair of a login's present rotation; asked twice, it answers the same."""
    pair = issuer.issue(
        user.id,
        login_id=login.id,
        token_id=login.token_id,
        permissions=user.permissions,
        at=login.rotated_at,
        login_ends=login.ends_at,
    )
    return LoggedIn(user_id=user.id, tokens=pair)
