"""What the handlers of this feature ask for, and who tells the chassis whom a token speaks for."""

from collections.abc import Iterator

from fastapi_chassis.config import DependencyConfig, ScopeEnum
from fastapi_chassis.security import (
    Authenticator,
    JWTAuthenticationService,
    PasswordHasher,
    SecurityConfig,
    TokenIssuer,
    TokenVerifier,
)


def login_providers() -> DependencyConfig:
    """Binds passwords and tokens."""
    dependencies = DependencyConfig("module users")
    dependencies.bind(PasswordHasher, password_hasher, scope=ScopeEnum.APPLICATION)
    dependencies.bind(TokenIssuer, scope=ScopeEnum.APPLICATION)
    dependencies.bind(TokenVerifier, scope=ScopeEnum.APPLICATION)
    dependencies.bind(Authenticator, JWTAuthenticationService, scope=ScopeEnum.APPLICATION)
    return dependencies


def password_hasher(config: SecurityConfig) -> Iterator[PasswordHasher]:
    """Lends the hasher and ends its threads with the application."""
    hasher = PasswordHasher(config.hashing_threads)
    yield hasher
    hasher.close()
