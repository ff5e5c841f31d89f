"""The questions that this feature asks of members and logins."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bookshop.users.model import User, email_key
from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.security import Login

MOST_LOGINS = 100


class UserRepository(AbstractRepository[User, UUID]):
    """All members."""

    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("email",),)

    async def with_email(self, email: str) -> User | None:
        """Finds a member by address, whatever its case."""
        return await self.first(email=email_key(email))


class LoginRepository(AbstractRepository[Login, UUID]):
    """All logins."""

    async def open_of(self, user_id: UUID, at: datetime) -> list[Login]:
        """Returns the logins of a member that can still be refreshed, the last used first."""
        return await self.find(
            user_id=user_id, is_revoked=False, ends_at__gt=at, order=("-rotated_at",), limit=MOST_LOGINS
        )
