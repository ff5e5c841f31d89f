"""Who calls and what they may do: passwords, tokens, logins, and the policies of routes."""

from fastapi_chassis.security.authenticator import Authenticator
from fastapi_chassis.security.bindings import security_dependencies
from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.depends import Authenticated, CurrentPrincipal, Guard, Public, requires
from fastapi_chassis.security.jwt import JWTAuthenticationService, TokenIssuer, TokenPair, TokenVerifier
from fastapi_chassis.security.login_service import LoginService, LoginStore
from fastapi_chassis.security.logins import Login, RotationEnum
from fastapi_chassis.security.memory import InMemoryLogins
from fastapi_chassis.security.passwords import PasswordHasher, Verdict
from fastapi_chassis.security.permissions import Roles
from fastapi_chassis.security.signing_key import AlgorithmEnum, SigningKeyConfig
from fastapi_chassis.security.stored_logins import StoredLogins

__all__ = (
    "AlgorithmEnum",
    "Authenticated",
    "Authenticator",
    "CurrentPrincipal",
    "Guard",
    "InMemoryLogins",
    "JWTAuthenticationService",
    "Login",
    "LoginService",
    "LoginStore",
    "PasswordHasher",
    "Public",
    "Roles",
    "RotationEnum",
    "SecurityConfig",
    "SigningKeyConfig",
    "StoredLogins",
    "TokenIssuer",
    "TokenPair",
    "TokenVerifier",
    "Verdict",
    "requires",
    "security_dependencies",
)
