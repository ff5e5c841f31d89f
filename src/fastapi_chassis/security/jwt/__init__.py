"""JSON Web Tokens: issues pairs of access and refresh token, and verifies both."""

from fastapi_chassis.security.jwt.issuer import TokenIssuer, TokenPair
from fastapi_chassis.security.jwt.payload import AccessPayload, RefreshPayload
from fastapi_chassis.security.jwt.service import JWTAuthenticationService
from fastapi_chassis.security.jwt.verifier import TokenVerifier

__all__ = (
    "AccessPayload",
    "JWTAuthenticationService",
    "RefreshPayload",
    "TokenIssuer",
    "TokenPair",
    "TokenVerifier",
)
