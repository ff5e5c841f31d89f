"""InMemoryLogins: logins in the process, gone with it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fastapi_chassis.security.logins import Login


class InMemoryLogins:
    """Keeps logins in a dictionary."""

    def __init__(self) -> None:
        self._logins: dict[UUID, Login] = {}

    async def add(self, login: Login) -> None:
        """Stores a new login."""
        login.version = 1
        self._logins[login.id] = replace(login)

    async def get(self, login_id: UUID) -> Login | None:
        """Returns a login as it is stored now."""
        found = self._logins.get(login_id)
        return replace(found) if found else None

    async def save(self, login: Login) -> bool:
        """Stores a changed login; False if somebody else stored it since it was read."""
        stored = self._logins.get(login.id)
        if stored is None or stored.version != login.version:
            return False
        login.version += 1
        self._logins[login.id] = replace(login)
        return True

    async def open_of(self, user_id: UUID) -> Sequence[Login]:
        """Returns the logins of a user that were not revoked, the latest first."""
        found = [
            login for login in self._logins.values() if login.user_id == user_id and not login.is_revoked
        ]
        return [replace(login) for login in sorted(found, key=lambda one: one.rotated_at, reverse=True)]
