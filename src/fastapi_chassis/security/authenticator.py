"""Authenticator: the port that tells whom a bearer token speaks for."""

from typing import Protocol

from fastapi_chassis.application import Principal


class Authenticator(Protocol):
    """Tells whom a bearer token speaks for."""

    async def authenticate(self, token: str) -> Principal:
        """Returns the caller.

        Raises:
            UnauthenticatedException: the token is not good.
        """
        ...
