"""Callers: how the API pages ask who is calling; what a token is worth is for the route's guard to say."""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordBearer

from fastapi_chassis.domain import UnauthenticatedException

TOKEN_PATH = "/api/auth/token"  # noqa: S105 - a path

# the pages show a lock for each of these and log in by them; they let everybody pass
LoggedIn = Security(OAuth2PasswordBearer(TOKEN_PATH, scheme_name="login", auto_error=False))
_refresh = HTTPBearer(scheme_name="refresh", bearerFormat="JWT", auto_error=False)


async def _presented(found: Annotated[HTTPAuthorizationCredentials | None, Security(_refresh)]) -> str:
    if found is None:
        raise UnauthenticatedException("this needs a refresh token")
    return found.credentials


RefreshToken = Annotated[str, Depends(_presented)]
