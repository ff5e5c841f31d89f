"""What may be asked about members."""

from uuid import UUID

from bookshop.users.model import User
from fastapi_chassis.application import AUTHENTICATED, Query
from fastapi_chassis.security import Login


class GetMe(Query[User], requires=AUTHENTICATED):
    """The caller."""


class GetUser(Query[User], requires="users:read"):
    """Any member, for administrators."""

    user_id: UUID


class ListLogins(Query[list[Login]], requires=AUTHENTICATED):
    """The caller's open logins."""
