"""How members and logins look over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, JsonValue

from bookshop.users.commands import LoggedIn
from bookshop.users.model import Profile, User
from fastapi_chassis.security import Login


def _day(sent: object) -> object:
    """Takes a day as it is written; a bare number would pass for the seconds since 1970."""
    if isinstance(sent, str):
        return date.fromisoformat(sent)
    if sent is None or isinstance(sent, date):
        return sent
    raise ValueError("write it out, as 1815-12-10")


type Day = Annotated[date, BeforeValidator(_day), Field(examples=["1815-12-10"])]
type Name = Annotated[str, Field(max_length=128)]
type Short = Annotated[str, Field(max_length=64)]
type Code = Annotated[str, Field(max_length=24)]
type Meta = Annotated[dict[str, JsonValue], Field(max_length=100, examples=[{"theme": "dark"}])]


class ProfileBody(BaseModel):
    """What members say of themselves; the whole of it."""

    model_config = ConfigDict(extra="forbid")

    full_name: Name = Field("", examples=["Ada Lovelace"])
    first_name: Name = ""
    last_name: Name = ""
    birthday: Day | None = None
    photo: Annotated[str, Field(max_length=2_000)] | None = None
    phone: Short | None = None
    street: Name | None = None
    city: Short | None = None
    state: Short | None = None
    zip_code: Code | None = None
    country: Short | None = None
    meta: Meta = Field(default_factory=dict)

    def profile(self) -> Profile:
        """Makes the value that the command takes."""
        return Profile(**self.model_dump())


class UserResponse(BaseModel):
    """A member."""

    id: UUID
    email: EmailStr
    full_name: str
    first_name: str
    last_name: str
    birthday: date | None
    photo: str | None
    phone: str | None
    street: str | None
    city: str | None
    state: str | None
    zip_code: str | None
    country: str | None
    meta: dict[str, JsonValue]
    is_active: bool
    is_guest: bool
    is_superuser: bool
    created_at: datetime
    updated_at: datetime
    uuid: UUID = Field(description="The same as `id`.")

    @classmethod
    def of(cls, user: User) -> Self:
        """Shows a member."""
        shown = {name: getattr(user, name) for name in cls.model_fields if name != "uuid"}
        return cls(uuid=user.id, **shown)


class SignedUp(BaseModel):
    """A new member."""

    uuid: UUID
    email: EmailStr
    full_name: str
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        """Shows a new member."""
        return cls(uuid=user.id, email=user.email, full_name=user.full_name, created_at=user.created_at)


class UserData(BaseModel):
    """Who has logged in."""

    uuid: UUID


class TokensResponse(BaseModel):
    """A pair of tokens."""

    user_data: UserData
    access: str = Field(description="For `Authorization: Bearer ...`, for a few minutes.")
    refresh: str = Field(description="Brings the next pair, once.")
    expires_in: int = Field(description="Seconds that the access token lives.", examples=[300])

    @classmethod
    def of(cls, found: LoggedIn) -> Self:
        """Shows a pair."""
        tokens = found.tokens
        return cls(
            user_data=UserData(uuid=found.user_id),
            access=tokens.access,
            refresh=tokens.refresh,
            expires_in=tokens.expires_in,
        )


class BearerResponse(BaseModel):
    """A pair of tokens, in the words of OAuth2."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token
    expires_in: int
    refresh_token: str

    @classmethod
    def of(cls, found: LoggedIn) -> Self:
        """Shows a pair."""
        tokens = found.tokens
        return cls(access_token=tokens.access, expires_in=tokens.expires_in, refresh_token=tokens.refresh)


class SessionResponse(BaseModel):
    """One login of the caller."""

    id: UUID
    began_at: datetime
    used_at: datetime = Field(description="When its tokens were last refreshed.")
    ends_at: datetime
    is_current: bool = Field(description="Whether it is the one by which this was asked.")

    @classmethod
    def of(cls, login: Login, *, current: object) -> Self:
        """Shows a login.

        Args:
            login: one of the caller's.
            current: the id of the login by which the caller came.
        """
        return cls(
            id=login.id,
            began_at=login.began_at,
            used_at=login.rotated_at,
            ends_at=login.ends_at,
            is_current=str(login.id) == current,
        )
