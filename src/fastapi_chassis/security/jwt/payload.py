"""What a token says, once its signature has been verified."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccessPayload:
    """What an access token says.

    Args:
        user_id: whom it speaks for.
        session: the login's short name.
        login_id: the login that it came from.
        permissions: what the user may do.
        expires_at: when it ends.
    """

    user_id: UUID
    session: str
    login_id: UUID
    permissions: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshPayload:
    """What a refresh token says.

    Args:
        user_id: whom it speaks for.
        login_id: the login that it continues.
        token_id: which of the login's refresh tokens it is.
        expires_at: when the login ends.
    """

    user_id: UUID
    login_id: UUID
    token_id: str
    expires_at: datetime
