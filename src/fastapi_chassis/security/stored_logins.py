"""StoredLogins: logins in the service's own store, through a repository."""

from collections.abc import Sequence
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import ConflictException, NotFoundException
from fastapi_chassis.security.logins import Login


class StoredLogins:
    """Keeps logins where the service keeps everything.

    Args:
        logins: the service's repository of logins.
    """

    def __init__(self, logins: AbstractRepository[Login, UUID]) -> None:
        self._logins = logins

    async def add(self, login: Login) -> None:
        """Stores a new login."""
        await self._logins.add(login)

    async def get(self, login_id: UUID) -> Login | None:
        """Returns a login as it is stored now."""
        return await self._logins.get_or_none(login_id)

    async def save(self, login: Login) -> bool:
        """Stores a changed login; False if somebody else stored it since it was read."""
        try:
            await self._logins.update(login)
        except (ConflictException, NotFoundException):
            return False
        return True

    async def open_of(self, user_id: UUID) -> Sequence[Login]:
        """Returns the logins of a user that were not revoked, the latest first."""
        return await self._logins.find(user_id=user_id, is_revoked=False, order=("-rotated_at",))
