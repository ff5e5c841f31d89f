"""Auth: who a client says it is; the secrets never show in a repr."""

import base64
from collections.abc import Mapping
from typing import Protocol

from pydantic import SecretStr


class Auth(Protocol):
    """Proves to another service who is calling."""

    async def headers(self) -> Mapping[str, str]:
        """Returns the headers that prove it."""
        ...


class BearerAuth:
    """A token that stays the same.

    Args:
        token: what follows the word `Bearer`.
    """

    def __init__(self, token: SecretStr | str) -> None:
        self._token = _secret(token)

    async def headers(self) -> Mapping[str, str]:
        """Returns the header of the token."""
        return {"authorization": f"Bearer {self._token.get_secret_value()}"}


class BasicAuth:
    """A user and a password.

    Args:
        user: without a colon.
        password: anything.

    Raises:
        ValueError: the user holds a colon.
    """

    def __init__(self, user: str, password: SecretStr | str) -> None:
        if ":" in user:
            raise ValueError("a user with a colon can't be told from its password")
        self._user = user
        self._password = _secret(password)

    async def headers(self) -> Mapping[str, str]:
        """Returns the header of both."""
        pair = f"{self._user}:{self._password.get_secret_value()}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


class ApiKeyAuth:
    """A key in a header of its own.

    Args:
        key: the key.
        header: its header.
    """

    def __init__(self, key: SecretStr | str, *, header: str = "X-API-Key") -> None:
        self._key = _secret(key)
        self._header = header

    async def headers(self) -> Mapping[str, str]:
        """Returns the header of the key."""
        return {self._header: self._key.get_secret_value()}


def _secret(value: SecretStr | str) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(value)
