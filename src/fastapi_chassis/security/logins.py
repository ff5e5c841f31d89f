"""Login: one user's session on one device, continued by refresh tokens that are good for one use."""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from fastapi_chassis.domain import BaseAggregate


class RotationEnum(StrEnum):
    """What became of a refresh token that was presented."""

    ROTATED = "rotated"
    REPEATED = "repeated"
    REFUSED = "refused"
    REUSED = "reused"


class Login(BaseAggregate):
    """A login and the two refresh tokens that count: the current one and the one before.

    A token that was used is good for a short grace and gives the same successor, so that an answer that was
    lost can be asked for again (FAPI 2.0). After that its use means theft, and the login ends (RFC 9700).
    """

    user_id: UUID
    token_id: str
    token_before: str | None = None
    began_at: datetime
    rotated_at: datetime
    ends_at: datetime
    is_revoked: bool = False

    @classmethod
    def begin(cls, user_id: UUID, *, at: datetime, life: timedelta) -> "Login":
        """Begins a login."""
        return cls(user_id=user_id, token_id=_new_token(), began_at=at, rotated_at=at, ends_at=at + life)

    def rotate(self, presented: str, *, at: datetime, grace: timedelta) -> RotationEnum:
        """Trades a refresh token for its successor; a reuse revokes the login.

        Args:
            presented: the token's id.
            at: now.
            grace: how long the token before is good for the same answer.
        """
        if self.is_revoked or at >= self.ends_at:
            return RotationEnum.REFUSED
        if hmac.compare_digest(presented.encode(), self.token_id.encode()):
            self.token_before, self.token_id = self.token_id, _new_token()
            self.rotated_at = at
            return RotationEnum.ROTATED
        is_before = self.token_before is not None and hmac.compare_digest(
            presented.encode(), self.token_before.encode()
        )
        if is_before and at - self.rotated_at <= grace:
            return RotationEnum.REPEATED
        self.is_revoked = True
        return RotationEnum.REUSED

    def revoke(self) -> None:
        """Ends the login: its refresh tokens are worth nothing any more."""
        self.is_revoked = True


def _new_token() -> str:
    return secrets.token_urlsafe(24)
