"""What may be asked to be done with members and logins."""

from dataclasses import field
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field

from bookshop.users.model import Profile, User, email_key
from fastapi_chassis.application import AUTHENTICATED, Command
from fastapi_chassis.domain import ValueObject
from fastapi_chassis.security import TokenPair

type NewPassword = Annotated[
    str,
    Field(
        min_length=8,
        max_length=256,
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    ),
]
type Password = Annotated[str, Field(max_length=1_000, json_schema_extra={"format": "password"})]
# an address may grow when its case is folded, so its length is looked at after that
type NewEmail = Annotated[
    EmailStr, AfterValidator(email_key), Field(max_length=128, examples=["ada@example.com"])
]


class LoggedIn(ValueObject):
    """A login that was begun or continued."""

    user_id: UUID
    tokens: TokenPair


class SignUp(Command[User], public=True, remembered=False):
    """Makes a new member."""

    email: NewEmail
    password: NewPassword = field(repr=False)
    full_name: Annotated[str, Field(max_length=128, examples=["Ada Lovelace"])] = ""


class LogIn(Command[LoggedIn | None], public=True, remembered=False):
    """Begins a login; answers with nothing where address or password is wrong."""

    email: Annotated[str, Field(max_length=320, examples=["ada@example.com"])]
    password: Password = field(repr=False)


class RefreshTokens(Command[LoggedIn | None], public=True, remembered=False):
    """Trades a refresh token for the next pair; answers with nothing where it is worth nothing."""

    token: str = field(repr=False)


class LogOut(Command[None], requires=AUTHENTICATED):
    """Ends the login by which the caller came."""


class EndLogins(Command[None], requires=AUTHENTICATED):
    """Ends one login of the caller, or all of them."""

    login_id: UUID | None = None


class ChangeProfile(Command[User], requires=AUTHENTICATED):
    """Replaces what the caller says of themselves."""

    profile: Profile
    expected_version: int | None = None


class AppointAdministrator(Command[None], requires="users:appoint"):
    """Makes a member an administrator; nobody holds this permission over HTTP."""

    email: str
