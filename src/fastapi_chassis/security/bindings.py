"""security_dependencies(): what a service binds to log its users in with tokens of its own."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.config import DependencyConfig, ScopeEnum
from fastapi_chassis.security.authenticator import Authenticator
from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.jwt.issuer import TokenIssuer
from fastapi_chassis.security.jwt.service import JWTAuthenticationService
from fastapi_chassis.security.jwt.verifier import TokenVerifier
from fastapi_chassis.security.login_service import LoginService, LoginStore
from fastapi_chassis.security.logins import Login
from fastapi_chassis.security.memory import InMemoryLogins
from fastapi_chassis.security.passwords import PasswordHasher
from fastapi_chassis.security.stored_logins import StoredLogins

type LoginRepository = AbstractRepository[Login, UUID]


def security_dependencies(logins: type[LoginRepository] | None = None) -> DependencyConfig:
    """Binds password hasher, tokens, the authenticator of bearer tokens, and the logins.

    Args:
        logins: the service's repository of logins; without one they lie in memory, gone with the process.
    """
    bound = DependencyConfig("security_dependencies")
    bound.bind(PasswordHasher, _password_hasher, scope=ScopeEnum.APPLICATION)
    bound.bind(TokenIssuer, scope=ScopeEnum.APPLICATION)
    bound.bind(TokenVerifier, scope=ScopeEnum.APPLICATION)
    bound.bind(Authenticator, JWTAuthenticationService, scope=ScopeEnum.APPLICATION)
    bound.bind(LoginService)
    if logins is None:
        return bound.bind(LoginStore, InMemoryLogins, scope=ScopeEnum.APPLICATION)
    return bound.bind(LoginStore, _stored_in(logins))


async def _password_hasher(config: SecurityConfig) -> AsyncIterator[PasswordHasher]:
    hasher = PasswordHasher(config.hashing_threads)
    try:
        yield hasher
    finally:
        hasher.close()


def _stored_in(repository: type[LoginRepository]) -> Callable[..., LoginStore]:
    def stored_logins(logins: LoginRepository) -> LoginStore:
        return StoredLogins(logins)

    # the container reads what to give from here: the service's own class, not the abstract one
    stored_logins.__annotations__ = {"logins": repository, "return": LoginStore}
    return stored_logins
